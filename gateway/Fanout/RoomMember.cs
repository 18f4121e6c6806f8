using System.Buffers;
using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// A room stream's place in its room. The stream's writer pulls: messages at hand first, the log where it has fallen behind them. So a slow
/// stream holds a position instead of messages, and nobody waits for it.
/// </summary>
internal sealed class RoomMember
{
    private readonly RoomRelay _relay;
    private readonly RoomEpoch _epoch;
    private readonly AsyncSignal _wake;
    private ImmutableArray<RoomMessage> _page;
    private PresenceView? _view;
    private ImmutableArray<ReadOnlyMemory<byte>> _presence = [];
    private int _presenceNext;
    private long _presenceVersion;
    private int _pageNext;
    private RoomStreamException? _end;

    /// <summary>Made by <see cref="RoomRelay.JoinAsync"/>.</summary>
    public RoomMember(
        RoomRelay relay, RoomEpoch epoch, long position, bool recovered, ImmutableArray<RoomMessage> page, RoomUser user, AsyncSignal wake)
    {
        _relay = relay;
        _epoch = epoch;
        _wake = wake;
        _page = page;
        PageBytes = page.Sum(MessageFrames.SizeOf);
        User = user;
        Position = position;
        Recovered = recovered;
    }

    /// <summary>The epoch that offsets belong to.</summary>
    public string Epoch => _epoch.Name;

    /// <summary>Whose stream it is.</summary>
    public RoomUser User { get; }

    /// <summary>Its number among all that its relay has taken in, by which members take turns.</summary>
    public long Number { get; set; }

    /// <summary>Whether all messages after the one that the client named follow.</summary>
    public bool Recovered { get; }

    /// <summary>The newest offset that was written.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes of messages that were read from the log and are not written yet, about.</summary>
    public int PageBytes { get; private set; }

    /// <summary>Whether the next message exists but is only in the log.</summary>
    public bool IsBehind => Position < _epoch.Ring.Last && _epoch.Ring.Find(Position + 1) is null;

    /// <summary>Writes the messages that are at hand, in order and without a hole, until <paramref name="maxBytes"/> are reached.</summary>
    /// <returns>How many messages and bytes.</returns>
    /// <exception cref="RoomStreamException">The stream must be reset.</exception>
    public (int Messages, int Bytes) WriteAvailable(IBufferWriter<byte> output, int maxBytes)
    {
        if (Volatile.Read(ref _end) is { } end)
        {
            throw end;
        }

        var (count, bytes) = (0, 0);
        for (; bytes < maxBytes; count++)
        {
            if (_pageNext < _page.Length)
            {
                var stored = _page[_pageNext++];
                Advance(stored.Offset);
                PageBytes -= MessageFrames.SizeOf(stored);
                bytes += MessageFrames.Write(output, stored);
            }
            else if (_epoch.Ring.Find(Position + 1) is { } message)
            {
                Advance(message.Offset);
                output.Write(message.Frame.Span);
                bytes += message.Frame.Length;
            }
            else
            {
                break;
            }
        }

        if (_pageNext == _page.Length)
        {
            _page = [];
            _pageNext = 0;
        }

        return (count, bytes);
    }

    /// <summary>Writes who is in the room, or who has come and gone, if that is to be told: one frame.</summary>
    /// <returns>The bytes written, 0 where there is nothing to tell.</returns>
    public int WritePresence(IBufferWriter<byte> output)
    {
        if (_presenceNext == _presence.Length)
        {
            _presence = _view?.Next(ref _presenceVersion) ?? [];
            _presenceNext = 0;
        }

        if (_presence.IsEmpty)
        {
            return 0;
        }

        var frame = _presence[_presenceNext++];
        output.Write(frame.Span);
        return frame.Length;
    }

    /// <summary>Reads the next page from the log, trying again while the room cannot be reached.</summary>
    /// <returns>How many messages.</returns>
    /// <exception cref="RoomStreamException">The log is another one, or no longer reaches back to the next message.</exception>
    public async Task<int> FetchAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff();
        while (true)
        {
            if (await _relay.TryReadAsync(Position + 1) is { } page)
            {
                if (page.Tail.Epoch != Epoch)
                {
                    throw RoomRelay.NewEpoch(_relay.Room);
                }

                if (page.Tail.FirstOffset > Position + 1)
                {
                    throw new RoomStreamException(
                        ErrorCode.SlowConsumer,
                        $"The log of room {_relay.Room} begins at {page.Tail.FirstOffset}; the client has read up to {Position}.");
                }

                if (page.Messages.Length > 0)
                {
                    _page = page.Messages;
                    PageBytes = _page.Sum(MessageFrames.SizeOf);
                    return _page.Length;
                }
            }

            await Task.Delay(backoff.Next(), _relay.Time, cancellationToken);
        }
    }

    /// <summary>Whether this member follows <paramref name="epoch"/>.</summary>
    public bool IsOf(RoomEpoch epoch) => ReferenceEquals(_epoch, epoch);

    /// <summary>Lets it be told who is in the room.</summary>
    public void Watch(PresenceView view) => _view = view;

    /// <summary>Says that there may be something to write.</summary>
    public void Wake() => _wake.Set();

    /// <summary>Makes the stream's writer reset the stream.</summary>
    public void End(RoomStreamException reason)
    {
        Volatile.Write(ref _end, reason);
        _wake.Set();
    }

    private void Advance(long offset)
    {
        if (offset != Position + 1)
        {
            throw new RoomStreamException(
                ErrorCode.Internal, $"Room {_relay.Room} handed out offset {offset} where {Position + 1} is next.");
        }

        Position = offset;
    }
}
