using System.Runtime.CompilerServices;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Client;

/// <summary>
/// A room that the client has joined: its messages in the room's one order, without holes or repeats, and publishing into it. It has a QUIC stream
/// of its own, so that nothing that happens in another room holds it up. All members are safe to call from any thread.
/// </summary>
public sealed partial class ChatRoom
{
    private readonly ChatClient _client;
    private readonly FrameStream _stream;
    private readonly JoinOptions _options;
    private readonly RoomPublisher _publisher;
    private readonly MessageBuffer _buffer;
    private readonly Lock _gate = new();
    private readonly Queue<PendingHistory> _histories = [];
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _lastReceived;
    private long _lastTaken;
    private int _isReading;
    private volatile bool _isLeaving;
    private Exception? _end;

    internal ChatRoom(ChatClient client, FrameStream stream, string name, JoinOptions options, ChatClientOptions clientOptions)
    {
        _client = client;
        _stream = stream;
        _options = options;
        Name = name;
        _publisher = new RoomPublisher(Send, clientOptions.MaxPublishesInFlight, clientOptions.TimeProvider);
        _buffer = new MessageBuffer(clientOptions.MaxUnreadMessages, IsAnswerAwaited);
    }

    /// <summary>The room's name.</summary>
    public string Name { get; }

    /// <summary>Where the room was entered: the first message that arrives is the one behind it.</summary>
    public RoomPosition JoinedAt { get; private set; } = new("", 0);

    /// <summary>Whether every message behind <see cref="JoinOptions.After"/> arrives. It is false where the log no longer reaches back to it, and without it.</summary>
    public bool IsRecovered { get; private set; }

    /// <summary>Behind the last message that <see cref="ReadAllAsync"/> has handed to the application: where to go on after joining anew.</summary>
    public RoomPosition Position => JoinedAt with { Offset = Volatile.Read(ref _lastTaken) };

    /// <summary>
    /// Publishes a message. Messages are stored in the order of the calls; several are in flight at a time, up to
    /// <see cref="ChatClientOptions.MaxPublishesInFlight"/>, and calls beyond wait for their turn.
    /// </summary>
    /// <param name="text">The text, at most <see cref="ProtocolLimits.MaxBodyBytes"/> bytes of UTF-8.</param>
    /// <param name="cancellationToken">
    /// Gives the message up. One that has been sent may be stored all the same.
    /// </param>
    /// <returns>The receipt, once the message is stored.</returns>
    /// <exception cref="ArgumentException">The text is too long or not valid Unicode.</exception>
    /// <exception cref="InvalidOperationException">The room has been left.</exception>
    /// <exception cref="PublishRejectedException">The gateway refused this message. Those behind it are sent again and are not affected.</exception>
    /// <exception cref="RoomClosedException">The room has ended; whether the message was stored is unknown.</exception>
    /// <exception cref="ChatClosedException">The connection has ended; whether the message was stored is unknown.</exception>
    public Task<PublishReceipt> PublishAsync(string text, CancellationToken cancellationToken = default)
    {
        if (ProtocolRules.CheckBody(text) is { } problem)
        {
            throw new ArgumentException(problem, nameof(text));
        }

        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfLeaving();
        var receipt = _publisher.PublishAsync(text, cancellationToken);
        _buffer.Changed();
        return receipt;
    }

    /// <summary>
    /// The room's messages in order, as they arrive; to be read by one caller at a time. It can be left and called again, and goes on behind the last
    /// message. Unread messages are held up to <see cref="ChatClientOptions.MaxUnreadMessages"/>; beyond, the room's sender is held by flow control.
    /// </summary>
    /// <returns>Messages until the room is left or the client disposed.</returns>
    /// <exception cref="InvalidOperationException">Someone reads already, or the room was joined without <see cref="JoinOptions.ReceiveMessages"/>.</exception>
    /// <exception cref="RoomClosedException">The gateway has ended the room; all that had arrived before was returned.</exception>
    /// <exception cref="ChatClosedException">The connection has ended; all that had arrived before was returned.</exception>
    public async IAsyncEnumerable<ChatMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_options.ReceiveMessages)
        {
            throw new InvalidOperationException($"Room '{Name}' was joined without ReceiveMessages.");
        }

        if (Interlocked.Exchange(ref _isReading, 1) == 1)
        {
            throw new InvalidOperationException($"The messages of room '{Name}' are being read already.");
        }

        try
        {
            while (await _buffer.TakeAsync(cancellationToken).ConfigureAwait(false) is { } message)
            {
                Volatile.Write(ref _lastTaken, message.Offset);
                yield return message;
            }
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    /// <summary>Reads stored messages, whether or not they also arrive by <see cref="ReadAllAsync"/>.</summary>
    /// <param name="fromOffset">The first offset wanted, from 1; where the log begins later, the page begins there.</param>
    /// <param name="limit">The most messages wanted, 1 to <see cref="ProtocolLimits.MaxHistoryMessages"/>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The room has been left.</exception>
    /// <exception cref="RoomClosedException">The gateway has ended the room.</exception>
    /// <exception cref="ChatClosedException">The connection has ended.</exception>
    public async Task<HistoryPage> ReadHistoryAsync(
        long fromOffset, int limit = ProtocolLimits.MaxHistoryMessages, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromOffset, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolLimits.MaxHistoryMessages);
        ThrowIfLeaving();
        var pending = new PendingHistory(fromOffset, limit);
        lock (_gate)
        {
            if (_end is not null)
            {
                throw _end;
            }

            _histories.Enqueue(pending);
            Send(new ClientFrame { ReadHistory = new ReadHistory { FromOffset = (ulong)fromOffset, Limit = (uint)limit } });
        }

        _buffer.Changed();
        return await pending.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Leaves the room, once every message published so far has been answered. Messages that have already arrived can still be read.
    /// </summary>
    /// <param name="cancellationToken">Leaves at once: messages without an answer may or may not be stored.</param>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        _isLeaving = true;
        _buffer.Complete(null);
        try
        {
            await _publisher.WhenAnsweredAsync(cancellationToken).ConfigureAwait(false);
            Send(new ClientFrame { Leave = new Leave() });
            _stream.CompleteSending();
            await Running.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await AbortAsync("The room was left at once.").ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Completes, never faulted, when the room is over and its stream released.</summary>
    internal Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to read and write.</summary>
    internal void Start() => Running = RunAsync();

    /// <summary>Sends Join and waits for the answer.</summary>
    internal async Task JoinAsync(CancellationToken cancellationToken)
    {
        var join = new Join { Room = Name, Newest = (uint)_options.Newest };
        if (_options.After is { } after)
        {
            join.After = new Position { Epoch = after.Epoch, Offset = (ulong)after.Offset };
        }

        Send(new ClientFrame { Join = join });
        try
        {
            await _joined.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await AbortAsync("The join was given up.").ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Fails all that waits; a room that is being left, or whose client is disposed, ends without an error for its reader.</summary>
    internal void End(Exception end)
    {
        PendingHistory[] histories;
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            _end = end;
            histories = [.. _histories];
        }

        // First, so that whoever learns of the end can join anew.
        _client.Remove(this);
        _stream.Stop();
        _publisher.End(end);
        foreach (var pending in histories)
        {
            pending.TrySetException(end);
        }

        var isWanted = _isLeaving || end is ChatClosedException { Reason.Origin: ChatCloseOrigin.Application };
        _buffer.Complete(isWanted ? null : end);
        _joined.TrySetException(end);
    }

    private async Task RunAsync()
    {
        try
        {
            await _stream.RunAsync(HandleAsync).ConfigureAwait(false);
            End(new RoomClosedException(Name, ErrorCode.NoError, $"The gateway ended room '{Name}'."));
        }
        catch (QuicStreamAbortedException e)
        {
            var code = ErrorCodes.FromWire(e.ErrorCode);
            End(new RoomClosedException(Name, code, $"The gateway ended room '{Name}' with {code.ToName()}. {Advice(code)}", e));
        }
        catch (Exception e)
        {
            // Ends this room, too.
            _client.End(_client.ReasonFor(e));
        }
        finally
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
            _publisher.Dispose();
        }
    }

    private async Task AbortAsync(string reason)
    {
        _isLeaving = true;
        _stream.Abort(ErrorCode.NoError, reason);
        await Running.ConfigureAwait(false);
    }

    private static string Advice(ErrorCode code) => code switch
    {
        ErrorCode.SlowConsumer => "Its messages were read too slowly; join again behind Position.",
        ErrorCode.NotAllowed => "The user may not enter it, or has joined as many rooms as a connection may.",
        _ => code.IsReconnectable() ? "Join again." : "Joining again would end the same.",
    };

    private void ThrowIfLeaving()
    {
        if (_isLeaving)
        {
            throw new InvalidOperationException($"Room '{Name}' has been left.");
        }
    }

    private bool IsAnswerAwaited()
    {
        lock (_gate)
        {
            return _histories.Count > 0 || _publisher.IsAwaiting;
        }
    }

    private void Send(ClientFrame frame)
    {
        _client.OnRoomTraffic();
        _stream.Send(frame);
    }
}
