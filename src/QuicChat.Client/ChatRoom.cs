using System.Runtime.CompilerServices;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// A room that the client has joined: its messages in the room's one order, without holes or repeats, and publishing into it. It has a QUIC stream
/// of its own, so that nothing that happens in another room holds it up. It ends with its connection; <see cref="SessionRoom"/> does not.
/// All members are safe to call from any thread.
/// </summary>
public sealed class ChatRoom : IRoomOwner
{
    private readonly ChatClient _client;
    private readonly JoinOptions _options;
    private readonly RoomPublisher _publisher;
    private readonly MessageBuffer<ChatMessage> _buffer;
    private readonly RoomMembers _members = new();
    private RoomStream? _stream;
    private long _lastTaken;
    private int _isReading;
    private volatile bool _isLeaving;

    internal ChatRoom(ChatClient client, string name, JoinOptions options, ChatClientOptions clientOptions)
    {
        _client = client;
        _options = options;
        Name = name;
        _publisher = new RoomPublisher(name, clientOptions.MaxPublishesInFlight, int.MaxValue, clientOptions.TimeProvider);
        _buffer = new MessageBuffer<ChatMessage>(clientOptions.MaxUnreadMessages, () => _stream?.IsAnswerAwaited ?? false);
    }

    /// <summary>
    /// Users have come or left, where the room was joined with <see cref="JoinOptions.Presence"/>. What happened before a handler was added is in
    /// <see cref="Members"/>. Handlers run on the library's reading task, so they must return soon.
    /// </summary>
    public event Action<PresenceChange>? MembersChanged;

    /// <summary>The room's name.</summary>
    public string Name { get; }

    /// <summary>Where the room was entered: the first message that arrives is the one behind it.</summary>
    public RoomPosition JoinedAt => Stream.JoinedAt;

    /// <summary>Whether every message behind <see cref="JoinOptions.After"/> arrives. It is false where the log no longer reaches back to it, and without it.</summary>
    public bool IsRecovered => Stream.IsRecovered;

    /// <summary>Behind the last message that <see cref="ReadAllAsync"/> has handed to the application: where to go on after joining anew.</summary>
    public RoomPosition Position => JoinedAt with { Offset = Volatile.Read(ref _lastTaken) };

    /// <summary>Who is in the room, where it was joined with <see cref="JoinOptions.Presence"/>: those that the gateway names, in no order.</summary>
    public IReadOnlyCollection<RoomMember> Members => _members.Current;

    RoomPublisher IRoomOwner.Publisher => _publisher;

    private RoomStream Stream => _stream ?? throw new InvalidOperationException($"Room '{Name}' has not been joined.");

    /// <summary>
    /// Publishes a message. Messages are stored in the order of the calls; several are in flight at a time, up to
    /// <see cref="ChatClientOptions.MaxPublishesInFlight"/>, and calls beyond wait for their turn.
    /// </summary>
    /// <param name="text">The text, at most <see cref="ProtocolLimits.MaxBodyBytes"/> bytes of UTF-8.</param>
    /// <param name="cancellationToken">
    /// Gives the message up. One that has been sent may be stored all the same; the exception's inner one is then a <see cref="PublishUnknownException"/>.
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
        HistoryPage.Validate(fromOffset, limit);
        ThrowIfLeaving();
        var page = Stream.ReadHistoryAsync(fromOffset, limit, cancellationToken);
        _buffer.Changed();
        return await page.ConfigureAwait(false);
    }

    /// <summary>
    /// Leaves the room, once every message published so far has been answered. Messages that have already arrived can still be read.
    /// </summary>
    /// <param name="cancellationToken">Leaves at once: messages without an answer may or may not be stored.</param>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        _isLeaving = true;
        Stream.BeginLeaving();
        _buffer.Complete(null);
        await Stream.LeaveAsync(cancellationToken).ConfigureAwait(false);
    }

    ValueTask IRoomOwner.OnJoinedAsync(RoomStream stream, long lastClientSeq, CancellationToken cancellationToken)
    {
        _stream = stream;
        _lastTaken = stream.JoinedAt.Offset;
        _publisher.Attach(stream.Send, stream.JoinedAt.Epoch, lastClientSeq);
        return ValueTask.CompletedTask;
    }

    async ValueTask IRoomOwner.OnMessageAsync(ChatMessage message, CancellationToken cancellationToken)
    {
        if (_options.ReceiveMessages)
        {
            await _buffer.AddAsync(message, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            Volatile.Write(ref _lastTaken, message.Offset);
        }
    }

    void IRoomOwner.OnPresence(Presence presence)
    {
        if (_members.Apply(presence) is { } change)
        {
            _client.Raise(MembersChanged, change);
        }
    }

    void IRoomOwner.OnEnd(Exception end, bool isWanted)
    {
        _publisher.End(end, end);
        _publisher.Dispose();
        _buffer.Complete(isWanted ? null : end);
    }

    private void ThrowIfLeaving()
    {
        if (_isLeaving)
        {
            throw new InvalidOperationException($"Room '{Name}' has been left.");
        }
    }
}
