using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Limits;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Sessions;

// The client's messages on their way to the room, and what became of them.
internal sealed partial class RoomStream
{
    bool IPublisher.HasEnded => Volatile.Read(ref _failure) is not null;

    private void Publish(Publish publish, PublishQueue queue)
    {
        if (publish.ClientSeq is 0 or > long.MaxValue)
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, $"client_seq {publish.ClientSeq} is not one: they begin at 1.");
        }

        var clientSeq = (long)publish.ClientSeq;
        if (ProtocolRules.CheckBody(publish.Body) is { } error)
        {
            Refuse(clientSeq, ErrorCode.FrameTooLarge, error);
        }
        else if (!_session.PublishBucket.TryTake(out var wait))
        {
            _sessions.Limits.Refused(Limit.PublishRate);
            Refuse(
                clientSeq,
                ErrorCode.RateLimited,
                $"A connection may publish {_sessions.Limits.Options.PublishRate} messages a second; wait.",
                retryAfterMs: (uint)Math.Ceiling(wait.TotalMilliseconds));
        }
        else
        {
            _outbox.Add(SizeOf(publish.Body));
            queue.Publish(
                new PublishRequest(
                    _identity.UserId, _identity.UserName, _identity.ClientId, clientSeq, publish.Body, Interlocked.Read(ref _term)),
                this);
        }

        _sessions.Metrics.Published();
    }

    void IPublisher.Answer(PublishRequest request, PublishReceipt receipt)
    {
        var clientSeq = request.ClientSeq;
        _outbox.Remove(SizeOf(request.Body));
        switch (receipt.Outcome)
        {
            case PublishOutcome.Stored or PublishOutcome.Duplicate:
                Interlocked.Exchange(ref _lastStored, receipt.LastClientSeq);
                _sessions.Metrics.Acked(receipt.Outcome == PublishOutcome.Duplicate);
                Answer(new ServerFrame { Ack = new Ack { ClientSeq = (ulong)clientSeq, Offset = (ulong)receipt.Offset } });
                break;
            case PublishOutcome.Superseded:
                Fail(new RoomStreamException(ErrorCode.ClientIdTaken, "A newer stream of this client ID publishes into the room."));
                break;
            case PublishOutcome.Taken:
                Refuse(
                    clientSeq,
                    ErrorCode.ClientIdTaken,
                    $"client_seq {clientSeq} holds another message of this client ID; the newest is {receipt.LastClientSeq}.");
                break;
            case PublishOutcome.Gap when receipt.LastClientSeq < Interlocked.Read(ref _lastStored):
                Fail(new RoomStreamException(ErrorCode.GoingAway, "The room no longer knows this client's numbers; join again."));
                break;
            case PublishOutcome.Gap:
                Refuse(
                    clientSeq,
                    ErrorCode.ProtocolViolation,
                    $"client_seq {clientSeq} leaves a gap: the newest stored is {receipt.LastClientSeq}.");
                break;
            default:
                Refuse(
                    clientSeq,
                    ErrorCode.NotAllowed,
                    $"client_seq {clientSeq} was used so long ago that its offset is not known; the newest is {receipt.LastClientSeq}.");
                break;
        }
    }

    void IPublisher.Fail(Exception reason) => Fail(reason);

    private void Refuse(long clientSeq, ErrorCode code, string reason, uint retryAfterMs = 0)
    {
        // The number will be used again; what was on its way under it before is older from now on.
        Interlocked.Increment(ref _term);
        _sessions.Metrics.Rejected(code);
        Answer(new ServerFrame { Reject = new Reject { ClientSeq = (ulong)clientSeq, Code = code, Reason = reason, RetryAfterMs = retryAfterMs } });
    }

    // As it is held.
    private static int SizeOf(string body) => body.Length * sizeof(char);
}
