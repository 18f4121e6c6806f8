using System.Globalization;
using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Paths;

namespace QuicChat.Cli.Chat;

/// <summary>One chat in one room, from the first line to the last acknowledgement.</summary>
internal sealed class Conversation : IDisposable
{
    private const string Quit = "/quit";
    private const string Migrate = "/migrate";

    // About a minute, once tries are as far apart as they get.
    private const int AttemptsBetweenNotes = 10;

    // What others write to the same script is still shown for this long.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    // As many as the client sends at once; a script that writes faster is held back.
    private readonly SemaphoreSlim _turns = new(64);

    private readonly ChatSession _session;
    private readonly SessionRoom _room;
    private readonly IChatScreen _screen;
    private readonly VerbContext _context;
    private readonly bool _isTerminal;
    private long _sent;
    private long _acknowledged;
    private long _received;
    private long _pathChanges;
    private long _reconnects;
    private bool _isAway;

    /// <summary>Begins a chat.</summary>
    public Conversation(ChatSession session, SessionRoom room, IChatScreen screen, VerbContext context, bool isTerminal)
    {
        _session = session;
        _room = room;
        _screen = screen;
        _context = context;
        _isTerminal = isTerminal;
        _session.PathChanged += OnPathChanged;
        _session.StateChanged += OnStateChanged;
    }

    /// <summary>What has happened so far.</summary>
    public ChatSummary Summary => new(
        _session.UserId,
        _room.Name,
        _session.GatewayId,
        _session.ConnectionId.ToString(),
        Interlocked.Read(ref _sent),
        Interlocked.Read(ref _acknowledged),
        Interlocked.Read(ref _received),
        Interlocked.Read(ref _pathChanges),
        Interlocked.Read(ref _reconnects));

    /// <summary>Shows what arrives and sends what is typed, until input ends and all of it is acknowledged.</summary>
    /// <exception cref="ToolException">A line could not be sent, or the room or connection ended.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = ReceiveAsync(end.Token);
        var sending = SendAllAsync(end.Token);
        try
        {
            // Whichever ends first: the input, or the room.
            await await Task.WhenAny(receiving, sending);
            await sending;
        }
        finally
        {
            await end.CancelAsync();
            await ((Task)Task.WhenAll(receiving, sending)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_acknowledged < _sent)
        {
            throw new ToolException($"{_sent - _acknowledged} of {_sent} lines were not sent.");
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _session.PathChanged -= OnPathChanged;
        _session.StateChanged -= OnStateChanged;
        _turns.Dispose();
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var item in _room.ReadAllAsync(cancellationToken))
            {
                switch (item)
                {
                    case ChatMessage message:
                        Interlocked.Increment(ref _received);
                        Show(message);
                        break;
                    case RoomGap gap:
                        _screen.Note(gap.Missing is { } missing
                            ? $"{missing} messages are missing here: the room no longer has them"
                            : $"the room lost messages; it goes on behind {gap.ContinuesAfter.Offset}");
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The chat is over.
        }
        catch (ChatException e)
        {
            throw new ToolException(e.Message, e);
        }
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        List<Task> sends = [];
        try
        {
            while (await _screen.ReadLineAsync(cancellationToken) is { } line && !(_isTerminal && line.Trim() == Quit))
            {
                if (_isTerminal && line.StartsWith('/'))
                {
                    await ObeyAsync(line, cancellationToken);
                    continue;
                }

                await _turns.WaitAsync(cancellationToken);
                sends.RemoveAll(send => send.IsCompletedSuccessfully);
                sends.Add(SendAsync(line, cancellationToken));
            }

            await Task.WhenAll(sends);
            if (!_isTerminal)
            {
                await Task.Delay(Linger, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl+C ends a chat as /quit does; or the room has ended, which is told elsewhere.
        }
    }

    private async Task ObeyAsync(string line, CancellationToken cancellationToken)
    {
        if (line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not [Migrate, .. var rest] || rest.Length > 1)
        {
            _screen.Note($"'{line}' is not a command; {Migrate} ADDRESS moves to another address of this machine, {Quit} or Ctrl+D ends the chat.");
            return;
        }

        if (!IPAddress.TryParse(rest.FirstOrDefault() ?? "", out var address))
        {
            _screen.Note($"{Migrate} needs an address of this machine, such as {Migrate} 127.0.0.2 or {Migrate} ::1.");
            return;
        }

        try
        {
            await _session.MigrateAsync(address, cancellationToken);
            _screen.Note($"moved to {address}");
        }
        catch (Exception e) when (e is ChatException or InvalidOperationException or NotSupportedException or ArgumentException or IOException or SocketException)
        {
            _screen.Note($"not moved: {ToolException.OneLine(e)}");
        }
    }

    private async Task SendAsync(string line, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _sent);
        try
        {
            await _room.PublishAsync(line, cancellationToken);
            Interlocked.Increment(ref _acknowledged);
        }
        catch (Exception e) when (e is PublishRejectedException or PublishQueueFullException or ArgumentException)
        {
            _screen.Note($"not sent: {ToolException.OneLine(e)}.");
        }
        catch (PublishUnknownException e) when (e.Cause != PublishUnknownCause.Ended)
        {
            _screen.Note($"perhaps not sent: {ToolException.OneLine(e)}.");
        }
        catch (ChatException)
        {
            // The room has ended; whoever receives is told why.
        }
        finally
        {
            _turns.Release();
        }
    }

    private void Show(ChatMessage message)
    {
        if (_context.Json)
        {
            _context.WriteJson(new
            {
                offset = message.Offset,
                at = message.SentAt,
                sender = message.SenderId,
                name = message.SenderName,
                text = message.Body,
            });
        }
        else
        {
            var at = message.SentAt.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            _screen.Show($"{at} {TerminalText.Harmless(message.SenderName)}: {TerminalText.Harmless(message.Body)}");
        }
    }

    private void OnStateChanged(SessionState state)
    {
        switch (state)
        {
            case SessionState.Reconnecting { Attempt: var attempt, Reason: var reason } when !_isAway || attempt % AttemptsBetweenNotes == 0:
                _isAway = true;
                _screen.Note($"reconnecting… {TerminalText.Harmless(reason)}");
                break;
            case SessionState.Connected { GatewayId: var gateway }:
                Interlocked.Increment(ref _reconnects);
                _screen.Note(_isAway ? $"back, on {gateway}" : $"moved to {gateway}; the chat goes on");
                _isAway = false;
                break;
        }
    }

    private void OnPathChanged(PathChange change)
    {
        if (change.Outcome == PathChangeOutcome.Completed)
        {
            Interlocked.Increment(ref _pathChanges);
        }

        var what = change.Kind switch
        {
            PathChangeKind.PortOnly => "port",
            PathChangeKind.Address => "address",
            _ => "address family",
        };
        var outcome = change.Outcome switch
        {
            PathChangeOutcome.Started => "being checked",
            PathChangeOutcome.Completed => $"checked in {change.Duration.TotalMilliseconds:0} ms; the chat goes on",
            PathChangeOutcome.Reverted => "back on the old path",
            PathChangeOutcome.Superseded => "another change came first",
            PathChangeOutcome.Failed => $"failed: {TerminalText.Harmless(change.Reason)}",
            _ => "the gateway cannot tell how it ended",
        };
        _screen.Note($"network path: new {what}, {change.From} → {change.To}: {outcome}");
    }
}
