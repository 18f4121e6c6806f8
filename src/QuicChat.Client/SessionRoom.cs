using System.Runtime.CompilerServices;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// A room of a session: one ordered stream of what happens in it, and publishing into it, whatever connections there are below. All members are safe to
/// call from any thread.
/// </summary>
public sealed partial class SessionRoom : IRoomOwner
{
    private readonly ChatSession _session;
    private readonly JoinOptions _options;
    private readonly RoomPublisher _publisher;
    private readonly MessageBuffer<RoomEvent> _buffer;
    private readonly RoomMembers _members = new();
    private readonly SeenMessages _seen = new();
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskCompletionSource<RoomStream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoomPosition? _received;
    private volatile RoomPosition _taken;
    private int _isReading;
    private volatile bool _isLeaving;
    private Exception? _end;

    internal SessionRoom(ChatSession session, string name, JoinOptions options, ChatClientOptions clientOptions, ChatSessionOptions sessionOptions)
    {
        _session = session;
        _options = options;
        _received = options.After;
        _taken = options.After ?? new RoomPosition("", 0);
        Name = name;
        _publisher = new RoomPublisher(
            name, clientOptions.MaxPublishesInFlight, sessionOptions.MaxPendingPublishes, clientOptions.TimeProvider);
        _buffer = new MessageBuffer<RoomEvent>(
            clientOptions.MaxUnreadMessages, () => _stream.Task is { IsCompletedSuccessfully: true, Result.IsAnswerAwaited: true });
    }

    /// <summary>
    /// Users have come or left, where the room was joined with <see cref="JoinOptions.Presence"/>. What happened before a handler was added is in
    /// <see cref="Members"/>. After a reconnect only the difference is told. Handlers run on the library's reading task, so they must return soon.
    /// </summary>
    public event Action<PresenceChange>? MembersChanged;

    /// <summary>The room's name.</summary>
    public string Name { get; }

    /// <summary>
    /// Behind the last item that <see cref="ReadAllAsync"/> has handed to the application. An application that keeps it goes on there after a restart, by
    /// <see cref="JoinOptions.After"/>.
    /// </summary>
    public RoomPosition Position => _taken;

    /// <summary>
    /// Who is in the room, where it was joined with <see cref="JoinOptions.Presence"/>: those that the gateway names, in no order. Without a connection, those
    /// that it named last.
    /// </summary>
    public IReadOnlyCollection<RoomMember> Members => _members.Current;

    /// <summary>
    /// Publishes a message. Messages are stored in the order of the calls, each once, also where the connection ends before the receipt: then they are sent
    /// again on the next one. Without a connection they wait for it, up to <see cref="ChatSessionOptions.MaxPendingPublishes"/>.
    /// </summary>
    /// <param name="text">The text, at most <see cref="ProtocolLimits.MaxBodyBytes"/> bytes of UTF-8.</param>
    /// <param name="cancellationToken">
    /// Gives the message up. One that has not been sent never is. Of one that has, the exception's inner one is a <see cref="PublishUnknownException"/>.
    /// </param>
    /// <returns>The receipt, once the message is stored.</returns>
    /// <exception cref="ArgumentException">The text is too long or not valid Unicode.</exception>
    /// <exception cref="InvalidOperationException">The room has been left.</exception>
    /// <exception cref="PublishRejectedException">The gateway refused this message; it is not stored. Those behind it are not affected.</exception>
    /// <exception cref="PublishQueueFullException">Too many messages have no answer yet; this one is not stored.</exception>
    /// <exception cref="PublishUnknownException">The message was sent, and it cannot be known whether it is stored; <see cref="PublishUnknownException.Cause"/> says why.</exception>
    /// <exception cref="RoomClosedException">The gateway has ended the room for good; the message was not sent.</exception>
    /// <exception cref="ChatClosedException">The session is over; the message was not sent.</exception>
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
    /// What happens in the room, in order, as it arrives: a <see cref="ChatMessage"/>, or a <see cref="RoomGap"/> where the room goes on without some. To be
    /// read by one caller at a time. It can be left and called again, and goes on behind the last item. Unread messages are held up to
    /// <see cref="ChatClientOptions.MaxUnreadMessages"/>; beyond, the room's sender is held by flow control.
    /// </summary>
    /// <returns>Items until the room is left or the session disposed.</returns>
    /// <exception cref="InvalidOperationException">Someone reads already, or the room was joined without <see cref="JoinOptions.ReceiveMessages"/>.</exception>
    /// <exception cref="RoomClosedException">The gateway has ended the room for good; all that had arrived before was returned.</exception>
    /// <exception cref="ChatClosedException">The session is over; all that had arrived before was returned.</exception>
    public async IAsyncEnumerable<RoomEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
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
            while (await _buffer.TakeAsync(cancellationToken).ConfigureAwait(false) is { } item)
            {
                _taken = item switch
                {
                    RoomGap gap => gap.ContinuesAfter,
                    ChatMessage message => _taken with { Offset = message.Offset },
                    RoomRepeat repeat => repeat.Position,
                    _ => _taken,
                };
                if (item is not RoomRepeat)
                {
                    yield return item;
                }
            }
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    /// <summary>
    /// Reads stored messages, whether or not they also arrive by <see cref="ReadAllAsync"/>. Where the connection ends before the answer, it asks again on the
    /// next one.
    /// </summary>
    /// <param name="fromOffset">The first offset wanted, from 1; where the log begins later, the page begins there.</param>
    /// <param name="limit">The most messages wanted, 1 to <see cref="ProtocolLimits.MaxHistoryMessages"/>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The room has been left.</exception>
    /// <exception cref="RoomClosedException">The gateway has ended the room for good.</exception>
    /// <exception cref="ChatClosedException">The session is over.</exception>
    public async Task<HistoryPage> ReadHistoryAsync(
        long fromOffset, int limit = ProtocolLimits.MaxHistoryMessages, CancellationToken cancellationToken = default)
    {
        HistoryPage.Validate(fromOffset, limit);
        while (true)
        {
            ThrowIfLeaving();
            Task<RoomStream> joined;
            lock (_gate)
            {
                joined = _end is null ? _stream.Task : throw _end;
            }

            var stream = await joined.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var page = stream.ReadHistoryAsync(fromOffset, limit, cancellationToken);
                _buffer.Changed();
                return await page.ConfigureAwait(false);
            }
            catch (ChatException)
            {
                // The stream has ended. If the room has, too, that is found above.
                await Task.Yield();
            }
        }
    }

    /// <summary>
    /// Leaves the room, once every message published so far has been answered; without a connection it waits for one. Messages that have already arrived can
    /// still be read.
    /// </summary>
    /// <param name="cancellationToken">Leaves at once: messages that have been sent and have no answer may or may not be stored.</param>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        _isLeaving = true;
        _buffer.Complete(null);
        try
        {
            await _publisher.WhenAnsweredAsync(cancellationToken).ConfigureAwait(false);
            Task<RoomStream> stream;
            lock (_gate)
            {
                stream = _stream.Task;
            }

            if (stream.IsCompletedSuccessfully)
            {
                await stream.Result.LeaveAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            End(new RoomClosedException(Name, ErrorCode.NoError, $"Room '{Name}' has been left."));
            await Running.ConfigureAwait(false);
        }
    }

    /// <summary>Completes, never faulted, when the room is over.</summary>
    internal Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to join, and goes on to do so.</summary>
    internal void Start() => Running = RunAsync();

    /// <summary>Waits until the room is joined for the first time; cancelled, gives it up.</summary>
    internal async Task WhenJoinedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _joined.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            End(new RoomClosedException(Name, ErrorCode.NoError, $"Joining room '{Name}' was given up."));
            await Running.ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends the room for good; the first reason counts.</summary>
    internal void End(Exception end)
    {
        TaskCompletionSource<RoomStream> stream;
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            _end = end;
            if (_stream.Task.IsCompleted)
            {
                _stream = new TaskCompletionSource<RoomStream>();
            }

            stream = _stream;
        }

        _session.Remove(this);
        var unknown = new PublishUnknownException(
            PublishUnknownCause.Ended,
            $"A message to room '{Name}' was sent, and before the answer the room ended. Whether it is stored is unknown. {end.Message}",
            (end as ChatException)?.Code,
            end);
        _publisher.End(end, unknown);
        _publisher.Dispose();
        var isWanted = _isLeaving || end is ChatClosedException { Reason.Origin: ChatCloseOrigin.Application };
        _buffer.Complete(isWanted ? null : end);
        _joined.TrySetException(end);
        stream.TrySetException(end);
        _stop.Cancel();
    }

    private void ThrowIfLeaving()
    {
        if (_isLeaving)
        {
            throw new InvalidOperationException($"Room '{Name}' has been left.");
        }
    }
}
