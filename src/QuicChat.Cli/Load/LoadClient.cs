using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Load;

/// <summary>One client of the load: a session in one room.</summary>
internal sealed class LoadClient : ILoadClient
{
    private const int ConnectTries = 3;

    // The load bounds what is under way itself.
    private const int MaxPending = 100_000;

    // One loopback address differs from the next as much as two networks do.
    private static readonly IPAddress[] Addresses = [new([127, 0, 0, 2]), new([127, 0, 0, 3]), IPAddress.Loopback];

    private readonly LoadContext _context;
    private readonly ChatSession _session;
    private readonly SessionRoom _room;
    private readonly PathSimulator? _network;
    private readonly RoomLedger _ledger;
    private readonly ArrivalCheck _check;
    private readonly ClientGaps _gaps;
    private readonly ChangeNotices _changes = new();
    private readonly bool _isVictim;
    private readonly Lock _publishing = new();
    private readonly Task _receiving;
    private TaskCompletionSource? _stall;
    private int _number;
    private int _unanswered;
    private int _moves;
    private bool _wasAway;

    private LoadClient(int index, LoadContext context, ChatSession session, SessionRoom room, PathSimulator? network)
    {
        Index = index;
        _context = context;
        _session = session;
        _room = room;
        _network = network;
        _ledger = context.Ledgers[context.Settings.RoomOf(index)];
        _check = new ArrivalCheck(room.Position.Offset);
        _isVictim = context.Blackholed.Contains(index) || context.Stalled.Contains(index);
        _gaps = new ClientGaps(index, context);
        session.StateChanged += OnStateChanged;
        session.PathChanged += OnPathChanged;
        _receiving = ReceiveAsync();
    }

    /// <inheritdoc />
    public int Index { get; }

    /// <inheritdoc />
    public long Delivered => _check.Delivered;

    /// <inheritdoc />
    public long Expected => _check.Expected(_ledger.Highest);

    /// <inheritdoc />
    public long Duplicated => _check.Duplicated;

    /// <inheritdoc />
    public long Reordered => _check.Reordered;

    /// <inheritdoc />
    public bool IsChanging => TellsChanges && _changes.AreAwaited;

    // A client that moves shows its new address by itself, and one in a room where something goes on within a second or so. In a quiet
    // room that can take longer than anything is waited for.
    private bool TellsChanges
        => _context.Settings.ChangeKind == ChangeKind.Active || _context.Settings.RoomOf(Index) < _context.Settings.Rooms;

    /// <summary>Connects and joins.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public static async Task<LoadClient> StartAsync(
        int index, LoadContext context, LoadTarget target, PathSimulator? network, CancellationToken cancellationToken)
    {
        var begin = context.Meter.Now;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var client = await TryStartAsync(index, context, target, network, cancellationToken);
                context.Meter.OnConnected(context.Meter.Now - begin);
                return client;
            }
            catch (Exception e) when (e is ChatException or QuicEngineUnavailableException)
            {
                if (attempt == ConnectTries || e is not ChatConnectException { IsReconnectable: true })
                {
                    throw new ToolException($"client {index + 1} of {context.Settings.Connections}: {e.Message}", e);
                }
            }
        }
    }

    /// <inheritdoc />
    public async Task<bool> PublishAsync(long due)
    {
        int number;
        Task<PublishReceipt> receipt;
        try
        {
            lock (_publishing)
            {
                // Numbers rise in the order of the calls.
                number = _number + 1;
                _gaps.Sent(_context.Meter.Now);
                receipt = _room.PublishAsync(new MessageText(Index, number, due).Write(_context.Mark, _context.Settings.Payload));
                _number = number;
            }
        }
        catch (InvalidOperationException)
        {
            // The room has been left, so that nothing was sent: a fault of this load, and no answer of the server's.
            _context.Meter.OnUnsent(1);
            return false;
        }

        _context.Meter.OnPublished();
        Interlocked.Increment(ref _unanswered);
        try
        {
            var offset = (await receipt).Offset;
            if (offset != PublishReceipt.UnknownOffset)
            {
                _ledger.Tell(offset, Index, number);
            }

            _context.Meter.OnAcknowledged(due);
            return true;
        }
        catch (PublishRejectedException)
        {
            _context.Meter.OnRefused();
            return false;
        }
        catch (Exception e) when (e is ChatException or OperationCanceledException)
        {
            // A message that was given up; the report counts it.
            _context.Meter.OnUnacknowledged();
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    /// <inheritdoc />
    public async Task MoveAsync()
    {
        var now = _context.Meter.Now;
        _gaps.Changed(now);
        if (_context.Settings.ChangeKind == ChangeKind.None)
        {
            return;
        }

        _context.Meter.OnChangeBegun();
        _changes.Begin();
        if (await TryMoveAsync(Addresses[_moves++ % Addresses.Length]))
        {
            _context.Meter.OnPathChange(now);
        }
        else
        {
            _changes.End();
        }
    }

    /// <inheritdoc />
    public void WatchOthers(long until) => _gaps.WatchOthers(until);

    /// <inheritdoc />
    public void EndGaps() => _gaps.End(isBack: _check.Newest >= _ledger.Highest && Volatile.Read(ref _unanswered) == 0);

    /// <inheritdoc />
    public void Stall(bool isOn)
    {
        if (isOn)
        {
            Volatile.Write(ref _stall, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        else
        {
            Interlocked.Exchange(ref _stall, null)?.SetResult();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _session.StateChanged -= OnStateChanged;
        Stall(false);
        await _session.DisposeAsync();
        await _receiving;
    }

    private static async Task<LoadClient> TryStartAsync(
        int index, LoadContext context, LoadTarget target, PathSimulator? network, CancellationToken cancellationToken)
    {
        var user = $"load-{index + 1}";
        var servers = target.Servers;
        var first = index % servers.Length;
        var session = new ChatSession(
            new ChatClientOptions
            {
                Servers = network is null ? [.. servers[first..], .. servers[..first]] : [network.ListenEndPoint.ToString()],
                Trust = target.Trust,
                TokenProvider = _ => ValueTask.FromResult(target.Token(user)),
                Engine = context.Settings.Engine,

                // A simulated network knows its clients by their ports.
                SocketPool = network is null ? context.Sockets : null,

                // Networks that come and go on this machine are none of the load's.
                NetworkPolicy = null,
            },
            new ChatSessionOptions { MaxPendingPublishes = MaxPending });
        try
        {
            await session.ConnectAsync(cancellationToken);
            var name = $"load-{context.Mark}-{context.Settings.RoomOf(index) + 1}";
            var room = await session.JoinAsync(name, cancellationToken: cancellationToken);
            return new LoadClient(index, context, session, room, network);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> TryMoveAsync(IPAddress address)
    {
        try
        {
            if (_context.Settings.ChangeKind == ChangeKind.Active)
            {
                await _session.MigrateAsync(address);
                return true;
            }

            if (Simulated() is not { } client)
            {
                return false;
            }

            client.Rebind(_context.Settings.ChangeKind == ChangeKind.Address ? address : null);
            return true;
        }
        catch (Exception e) when (e is PathValidationException or ChatClosedException or InvalidOperationException)
        {
            // It has no connection at the moment, or loses it over this, or the new path does not work. Its gap goes on nevertheless.
            return false;
        }
        catch (Exception e) when (e is SocketException or NotSupportedException)
        {
            throw new ToolException($"the path of client {Index + 1} cannot change ({ToolException.OneLine(e)}).", e);
        }
    }

    // The network knows the client by the port that it sends from now; after a reconnect that is another.
    private SimulatedClient? Simulated()
        => _session.LocalEndPoint is { } local ? _network?.Clients.FirstOrDefault(client => client.EndPoint.Port == local.Port) : null;

    private async Task ReceiveAsync()
    {
        try
        {
            await foreach (var item in _room.ReadAllAsync())
            {
                if (item is ChatMessage message)
                {
                    Arrived(message);
                }
                else
                {
                    _context.Meter.OnGapTold();
                }

                if (Volatile.Read(ref _stall) is { } stall)
                {
                    await stall.Task;
                }
            }
        }
        catch (ChatException)
        {
            // What is missing is counted, and so is the end of the session.
        }
    }

    private void Arrived(ChatMessage message)
    {
        var now = _context.Meter.Now;
        if (!MessageText.TryRead(message.Body, _context.Mark, out var text))
        {
            _context.Meter.OnForeign();
            return;
        }

        _ledger.Tell(message.Offset, text.Publisher, text.Number);
        _gaps.Arrived(now);
        if (_check.Arrived(message.Offset) && !_isVictim && _context.Meter.IsMeasured(text.Due))
        {
            _context.Meter.Deliveries.Record(now - text.Due);
        }
    }

    private void OnStateChanged(SessionState state)
    {
        switch (state)
        {
            case SessionState.Reconnecting when !_wasAway:
                _wasAway = true;
                _changes.Forget();
                _context.Meter.OnReconnect();
                break;
            case SessionState.Connected:
                _wasAway = false;
                break;
        }
    }

    private void OnPathChanged(PathChange change)
    {
        if (change.Outcome == PathChangeOutcome.Completed)
        {
            _context.Meter.OnMigration();
        }

        if (change.Outcome != PathChangeOutcome.Started)
        {
            _changes.End();
        }
    }
}
