using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Routing;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Sessions;

/// <summary>
/// One room stream's messages on their way to the room: each is called out at once, several in flight, and answered in order. Where a call
/// overtook an earlier one the room refuses it as a gap; it is then made again after the earlier ones have ended.
/// </summary>
internal sealed class PublishPipeline(
    string room,
    IRoomGrain grain,
    ClientIdentity sender,
    ClientSessions sessions,
    Action<ServerFrame> answer,
    Action<Exception> fail,
    CancellationToken ended)
{
    private Task _last = Task.CompletedTask;

    /// <summary>Sends a message on its way.</summary>
    public void Start(Publish publish) => _last = RunAsync(publish, _last);

    /// <summary>Answers a message that is not to be sent, in its turn.</summary>
    public void Refuse(Publish publish, ErrorCode code, string reason) => _last = RefuseAsync(publish, code, reason, _last);

    /// <summary>Completes when all messages are answered, or the stream has failed.</summary>
    public Task DrainAsync() => _last;

    private async Task RunAsync(Publish publish, Task earlier)
    {
        try
        {
            var started = sessions.Time.GetTimestamp();
            var request = new PublishRequest(sender.UserId, sender.UserName, sender.ClientId, (long)publish.ClientSeq, publish.Body);
            var receipt = await TryPublishAsync(request);
            await earlier;
            if (receipt is { Outcome: PublishOutcome.Gap })
            {
                sessions.Metrics.PublishRetried();
                receipt = await TryPublishAsync(request);
            }

            for (var backoff = new Backoff(); receipt is null; receipt = await TryPublishAsync(request))
            {
                if (sessions.Time.GetElapsedTime(started) > sessions.Options.CallTimeLimit)
                {
                    // It may be stored or not: neither Ack nor Reject would be true. Joined.last_client_seq will tell.
                    throw new RoomStreamException(
                        ErrorCode.Internal, $"Room {room} has not answered for {sessions.Options.CallTimeLimit.TotalSeconds:0} s.");
                }

                sessions.Metrics.PublishRetried();
                await Task.Delay(backoff.Next(), sessions.Time, ended);
            }

            answer(ToAnswer(receipt, publish.ClientSeq));
        }
        catch (Exception e)
        {
            fail(e);
        }
    }

    private async Task RefuseAsync(Publish publish, ErrorCode code, string reason, Task earlier)
    {
        await earlier;
        answer(ToReject(publish.ClientSeq, code, reason));
    }

    private async Task<PublishReceipt?> TryPublishAsync(PublishRequest request)
    {
        ended.ThrowIfCancellationRequested();
        try
        {
            return await grain.Publish(request);
        }
        catch (Exception e)
        {
            sessions.Logger.RoomCallFailed(room, nameof(IRoomGrain.Publish), e);
            sessions.Metrics.ClusterCallFailed(nameof(IRoomGrain.Publish));
            return null;
        }
    }

    private ServerFrame ToAnswer(PublishReceipt receipt, ulong clientSeq)
    {
        switch (receipt.Outcome)
        {
            case PublishOutcome.Stored or PublishOutcome.Duplicate:
                sessions.Metrics.Acked(receipt.Outcome == PublishOutcome.Duplicate);
                return new ServerFrame { Ack = new Ack { ClientSeq = clientSeq, Offset = (ulong)receipt.Offset } };
            case PublishOutcome.Gap:
                return ToReject(
                    clientSeq,
                    ErrorCode.ProtocolViolation,
                    $"client_seq {clientSeq} leaves a gap: the newest stored is {receipt.LastClientSeq}.");
            default:
                return ToReject(
                    clientSeq,
                    ErrorCode.NotAllowed,
                    $"client_seq {clientSeq} was used so long ago that its offset is not known; the newest is {receipt.LastClientSeq}.");
        }
    }

    private ServerFrame ToReject(ulong clientSeq, ErrorCode code, string reason)
    {
        sessions.Metrics.Rejected(code);
        return new ServerFrame { Reject = new Reject { ClientSeq = clientSeq, Code = code, Reason = reason } };
    }
}
