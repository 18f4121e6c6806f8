using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

// What the gateway sends on the room's stream, and what it may not.
internal sealed partial class RoomStream
{
    private async ValueTask HandleAsync(ServerFrame frame, CancellationToken cancellationToken)
    {
        if (!_joined.Task.IsCompleted)
        {
            await OnJoinedAsync(frame, cancellationToken).ConfigureAwait(false);
            return;
        }

        _client.OnRoomTraffic();
        switch (frame.FrameCase)
        {
            case ServerFrame.FrameOneofCase.Message:
                await OnMessageAsync(frame.Message, cancellationToken).ConfigureAwait(false);
                break;
            case ServerFrame.FrameOneofCase.Ack:
                _owner.Publisher.Acknowledged(Number(frame.Ack.ClientSeq, "client_seq"), Offset(frame.Ack.Offset));
                break;
            case ServerFrame.FrameOneofCase.Reject:
                OnReject(frame.Reject);
                break;
            case ServerFrame.FrameOneofCase.History:
                OnHistory(frame.History);
                break;
            case ServerFrame.FrameOneofCase.Presence when _options.Presence:
                _owner.OnPresence(frame.Presence);
                break;
            default:
                throw Violation($"a {frame.FrameCase} frame came on its stream");
        }
    }

    private async ValueTask OnJoinedAsync(ServerFrame frame, CancellationToken cancellationToken)
    {
        if (frame.FrameCase != ServerFrame.FrameOneofCase.Joined)
        {
            throw Violation($"its stream began with {frame.FrameCase}, not Joined");
        }

        var joined = frame.Joined;
        if (joined.Position is null || joined.Position.Epoch.Length == 0)
        {
            throw Violation("Joined has no position");
        }

        var position = new RoomPosition(joined.Position.Epoch, Number(joined.Position.Offset, "offset"));
        if (joined.Recovered && position != _options.After)
        {
            throw Violation($"it was joined behind {_options.After} and recovered, but goes on behind {position}");
        }

        JoinedAt = position;
        IsRecovered = joined.Recovered;
        _lastReceived = position.Offset;
        await _owner.OnJoinedAsync(this, Number(joined.LastClientSeq, "last_client_seq"), cancellationToken).ConfigureAwait(false);
        _joined.TrySetResult();
    }

    private async ValueTask OnMessageAsync(Message frame, CancellationToken cancellationToken)
    {
        var message = ToMessage(frame);
        if (message.Offset != _lastReceived + 1)
        {
            throw Violation($"message {message.Offset} came behind {_lastReceived}");
        }

        _lastReceived = message.Offset;
        if (!_isLeaving)
        {
            await _owner.OnMessageAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    private void OnReject(Reject reject)
    {
        var code = ErrorCodes.FromWire((ulong)reject.Code);
        var reason = reject.Reason.Length == 0 ? "." : $": {reject.Reason}";
        var retryAfter = TimeSpan.FromMilliseconds(reject.RetryAfterMs);
        var refusal = new PublishRejectedException($"Room '{Name}' refused the message with {code.ToName()}{reason}", code, retryAfter);
        if (_owner.Publisher.Rejected(Number(reject.ClientSeq, "client_seq"), refusal))
        {
            _client.OnRejected(Name, refusal);
        }
    }

    private void OnHistory(History history)
    {
        PendingHistory? pending;
        lock (_gate)
        {
            if (!_histories.TryPeek(out pending) || pending.FromOffset != Number(history.FromOffset, "from_offset"))
            {
                throw Violation($"a page of history from {history.FromOffset} came, which was not asked for");
            }
        }

        var page = new HistoryPage(
            Number(history.FirstOffset, "first_offset"), Number(history.LastOffset, "last_offset"), [.. history.Messages.Select(ToMessage)]);
        if (page.Messages.Count > pending.Limit)
        {
            throw Violation($"a page of history holds {page.Messages.Count} messages; {pending.Limit} were asked for");
        }

        var first = Math.Max(pending.FromOffset, page.FirstOffset);
        for (var i = 0; i < page.Messages.Count; i++)
        {
            if (page.Messages[i].Offset != first + i)
            {
                throw Violation($"a page of history from {first} holds message {page.Messages[i].Offset} in place {i}");
            }
        }

        // Until it is found good it stays with those that the room's end fails.
        lock (_gate)
        {
            _histories.Dequeue();
        }

        pending.TrySetResult(page);
    }

    private ChatMessage ToMessage(Message message)
    {
        if (message.SentAtMs < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || message.SentAtMs > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            throw Violation($"message {message.Offset} has a time out of range, {message.SentAtMs}");
        }

        return new ChatMessage(
            Offset(message.Offset),
            message.SenderId,
            message.SenderName,
            DateTimeOffset.FromUnixTimeMilliseconds(message.SentAtMs),
            message.Body,
            message.ClientId,
            Number(message.ClientSeq, "client_seq"));
    }

    private long Offset(ulong value) => value > 0 ? Number(value, "offset") : throw Violation("a message has the offset 0");

    private long Number(ulong value, string field)
        => value <= long.MaxValue ? (long)value : throw Violation($"{field} is {value}, out of range");

    private ProtocolException Violation(string what) => new(ErrorCode.ProtocolViolation, $"Room '{Name}': {what}.");
}
