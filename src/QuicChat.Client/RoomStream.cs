using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Client;

/// <summary>
/// One QUIC stream of one joined room, from Join to its end: checks what the gateway sends and hands it to its owner. Nothing that happens in another room
/// holds it up.
/// </summary>
internal sealed partial class RoomStream
{
    private readonly ChatClient _client;
    private readonly FrameStream _stream;
    private readonly JoinOptions _options;
    private readonly IRoomOwner _owner;
    private readonly Lock _gate = new();
    private readonly Queue<PendingHistory> _histories = [];
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ChatException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _lastReceived;
    private volatile bool _isLeaving;
    private Exception? _end;

    public RoomStream(ChatClient client, FrameStream stream, string name, JoinOptions options, IRoomOwner owner)
    {
        _client = client;
        _stream = stream;
        _options = options;
        _owner = owner;
        Name = name;
    }

    /// <summary>The room's name.</summary>
    public string Name { get; }

    /// <summary>Where the room was entered: the first message that arrives is the one behind it.</summary>
    public RoomPosition JoinedAt { get; private set; } = new("", 0);

    /// <summary>Whether every message behind <see cref="JoinOptions.After"/> arrives.</summary>
    public bool IsRecovered { get; private set; }

    /// <summary>The last message that has arrived.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Whether a page of history or a receipt is to come.</summary>
    public bool IsAnswerAwaited
    {
        get
        {
            lock (_gate)
            {
                return _histories.Count > 0 || _owner.Publisher.IsAwaiting;
            }
        }
    }

    /// <summary>Completes, never faulted, with why the stream has ended.</summary>
    public Task<ChatException> Ended => _ended.Task;

    /// <summary>Completes, never faulted, when the stream has ended and is released.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to read and write.</summary>
    public void Start() => Running = RunAsync();

    /// <summary>Sends Join and waits for the answer.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        var join = new Join { Room = Name, Newest = (uint)_options.Newest, Presence = _options.Presence };
        if (_options.After is { } after)
        {
            join.After = new Position { Epoch = after.Epoch, Offset = (ulong)after.Offset };
        }

        _stream.Send(new ClientFrame { Join = join });
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

    /// <summary>Sends a frame; it never waits.</summary>
    public void Send(ClientFrame frame)
    {
        _client.OnRoomTraffic();
        _stream.Send(frame);
    }

    /// <summary>Reads stored messages.</summary>
    public async Task<HistoryPage> ReadHistoryAsync(long fromOffset, int limit, CancellationToken cancellationToken)
    {
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

        return await pending.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Hands no more messages to the owner.</summary>
    public void BeginLeaving() => _isLeaving = true;

    /// <summary>Leaves, once every message published so far has been answered; cancelled, at once.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        BeginLeaving();
        try
        {
            await _owner.Publisher.WhenAnsweredAsync(cancellationToken).ConfigureAwait(false);
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

    /// <summary>Leaves at once, without waiting for anything but the stream's release.</summary>
    public async Task AbortAsync(string reason)
    {
        _isLeaving = true;
        _stream.Abort(ErrorCode.NoError, reason);
        await Running.ConfigureAwait(false);
    }

    /// <summary>Ends the room with its stream; the first reason counts.</summary>
    public void End(ChatException end)
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
        _owner.OnEnd(end, _isLeaving || end is ChatClosedException { Reason.Origin: ChatCloseOrigin.Application });
        foreach (var pending in histories)
        {
            pending.TrySetException(end);
        }

        _joined.TrySetException(end);
        _ended.TrySetResult(end);
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
        }
    }

    private static string Advice(ErrorCode code) => code switch
    {
        ErrorCode.SlowConsumer => "Its messages were read too slowly; join again behind Position.",
        ErrorCode.NotAllowed => "The user may not enter it, or has joined as many rooms as a connection may.",
        ErrorCode.ClientIdTaken => "Another connection uses the same client ID. Join again.",
        _ => code.IsReconnectable() ? "Join again." : "Joining again would end the same.",
    };
}
