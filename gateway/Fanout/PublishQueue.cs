using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// One room's messages from this gateway on their way to the room: one call at a time, and with the next one all that came meanwhile. So each
/// client's messages keep their order, and a busy room costs few calls. A call without an answer is made again; its messages carry numbers
/// by which the room stores each once. Answers bring messages of the room along.
/// </summary>
internal sealed class PublishQueue(RoomRelays relays, RoomRelay relay, IRoomGrain grain, CancellationToken stopping)
{
    // A call stays a few times smaller than what Orleans takes as one message.
    private const int MaxMessages = 256;
    private const int MaxCharacters = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<QueuedPublish> _queue = [];
    private bool _isSending;
    private TaskCompletionSource? _call;

    /// <summary>Sends a message on its way.</summary>
    public void Publish(PublishRequest request, IPublisher publisher)
    {
        lock (_lock)
        {
            _queue.Enqueue(new QueuedPublish(request, publisher, relays.Time.GetTimestamp()));
            if (!_isSending)
            {
                _isSending = true;
                _ = SendAsync();
            }
        }
    }

    /// <summary>Completes when no call is under way that began before. What a stream left behind that has ended is not sent after it.</summary>
    public Task WhenCalledAsync()
    {
        lock (_lock)
        {
            return _call?.Task ?? Task.CompletedTask;
        }
    }

    private async Task SendAsync()
    {
        // What arrives in one burst goes in one call.
        await Task.Yield();
        var batch = new List<QueuedPublish>();
        var backoff = new Backoff();
        var isAnswerLost = false;
        while (Fill(batch))
        {
            if (await TryCallAsync(batch))
            {
                Renew(isAnswerLost);
                isAnswerLost = false;
                batch.Clear();
                backoff.Reset();
                continue;
            }

            isAnswerLost = true;
            relays.Metrics.PublishRetried();
            await Task.Delay(backoff.Next(), relays.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            GiveUpOld(batch);
        }

        Renew(isAnswerLost);
    }

    // The answer that did not come may have had messages with it.
    private void Renew(bool isAnswerLost)
    {
        if (isAnswerLost)
        {
            relay.RenewNow();
        }
    }

    /// <summary>Takes waiting messages into a batch.</summary>
    /// <returns>Whether there is something to send; if not, the sending has ended.</returns>
    private bool Fill(List<QueuedPublish> batch)
    {
        lock (_lock)
        {
            batch.RemoveAll(static pending => pending.Publisher.HasEnded);
            var characters = batch.Sum(static pending => pending.Request.Body.Length);
            while (batch.Count < MaxMessages && characters < MaxCharacters && _queue.TryDequeue(out var next))
            {
                if (!next.Publisher.HasEnded)
                {
                    batch.Add(next);
                    characters += next.Request.Body.Length;
                }
            }

            _isSending = batch.Count > 0 && !stopping.IsCancellationRequested;
            _call = _isSending ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            return _isSending;
        }
    }

    private async Task<bool> TryCallAsync(List<QueuedPublish> batch)
    {
        try
        {
            var answer = await grain.PublishAll([.. batch.Select(static pending => pending.Request)], relays.GatewayId);
            if (answer.Stored is { } stored)
            {
                relays.Metrics.FanoutBatch(stored.Messages.Length);
                relay.Take(stored);
            }

            // Who waits for an answer to publish again is not to wait for all members, too; but who joins after it finds the message.
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Publisher.Answer(batch[i].Request, answer.Receipts[i]);
            }

            relay.WakeMembers();
            return true;
        }
        catch (Exception e)
        {
            relays.Logger.RoomCallFailed(relay.Room, nameof(IRoomGrain.PublishAll), e);
            relays.Metrics.ClusterCallFailed(nameof(IRoomGrain.PublishAll));
            return false;
        }
        finally
        {
            _call!.SetResult();
        }
    }

    private void GiveUpOld(List<QueuedPublish> batch)
    {
        foreach (var pending in batch)
        {
            if (relays.Time.GetElapsedTime(pending.Since) > relays.Options.CallTimeLimit)
            {
                // It may be stored or not: neither Ack nor Reject would be true. Joined.last_client_seq will tell.
                pending.Publisher.Fail(relays.NoAnswer(relay.Room));
            }
        }
    }
}
