using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Hands a room's new messages to the gateways that asked for them. Each gateway has a queue and a delivery of its own, so one that is slow
/// or dead is so for itself. Where a gateway is about to be answered that its own messages are stored, that answer takes along what there is for it,
/// and a delivery is saved. All of it runs on the room's own scheduler; nothing here is awaited by a publisher.
/// </summary>
internal sealed partial class RoomFanout(string room, string activation, RoomOptions options, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, GatewayFeed> _feeds = [];

    /// <summary>A gateway asks for messages, or asks on.</summary>
    public void Attach(string gatewayId, IGatewayObserver observer)
    {
        if (!_feeds.TryGetValue(gatewayId, out var feed))
        {
            feed = new GatewayFeed(gatewayId);
            _feeds.Add(gatewayId, feed);
        }

        feed.Observer = observer;
        feed.Until = time.GetUtcNow() + options.AttachmentDuration;
    }

    public void Detach(string gatewayId) => _feeds.Remove(gatewayId);

    /// <summary>New messages, in the order of their offsets.</summary>
    public void Send(string epoch, IReadOnlyList<RoomMessage> messages)
    {
        var now = time.GetUtcNow();
        foreach (var feed in _feeds.Values)
        {
            if (feed.Until <= now)
            {
                // Removing from a dictionary while walking it is allowed.
                _feeds.Remove(feed.GatewayId);
                continue;
            }

            feed.Queue.AddRange(messages.Select(message => (epoch, message)));
            if (feed.Queue.Count > options.DeliveryQueueLimit)
            {
                LogOverflow(room, feed.GatewayId, feed.Queue.Count);
                feed.Queue.Clear();
            }

            if (feed.Queue.Count >= options.DeliveryLimit)
            {
                feed.Full?.TrySetResult();
            }

            if (feed.AnswersDue == 0)
            {
                Deliver(feed);
            }
        }
    }

    /// <summary>A gateway's call has come that puts messages in line; <see cref="End"/> follows.</summary>
    public PublishCall Begin(string? gatewayId) => new(gatewayId is null ? null : _feeds.GetValueOrDefault(gatewayId));

    /// <summary>The answer to a call goes, or the call has failed.</summary>
    /// <returns>
    /// What an answer takes along; <see langword="null"/> where there is nothing, or where it might overtake a delivery that is under way.
    /// </returns>
    public RoomBatch? End(PublishCall call, bool failed)
    {
        call.End();
        if (call.Feed is not { Queue.Count: > 0 } feed || !IsWanted(feed))
        {
            return null;
        }

        var batch = failed || feed.IsDelivering ? null : feed.Take(room, activation, options.DeliveryLimit);
        if (feed.AnswersDue == 0)
        {
            Deliver(feed);
        }

        return batch;
    }

    private bool IsWanted(GatewayFeed feed) => _feeds.GetValueOrDefault(feed.GatewayId) == feed;

    private void Deliver(GatewayFeed feed)
    {
        if (feed.Delivery.IsCompleted)
        {
            feed.Delivery = DeliverAsync(feed);
        }
    }

    private async Task DeliverAsync(GatewayFeed feed)
    {
        while (feed.Queue.Count > 0 && IsWanted(feed))
        {
            var wait = options.DeliveryInterval - TimeProvider.System.GetElapsedTime(feed.SentAt);
            if (wait > TimeSpan.Zero && feed.Queue.Count < options.DeliveryLimit)
            {
                feed.Full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await Task.WhenAny(feed.Full.Task, Task.Delay(wait, TimeProvider.System));
                feed.Full = null;
                continue;
            }

            var batch = feed.Take(room, activation, options.DeliveryLimit);
            feed.IsDelivering = true;
            try
            {
                await feed.Observer.Deliver(batch);
            }
            catch (Exception error)
            {
                // What it missed it reads from the log, once it asks again and sees the tail.
                LogNotDelivered(error, room, feed.GatewayId, batch.Messages.Length + feed.Queue.Count);
                feed.Queue.Clear();
                if (error is ClientNotAvailableException && IsWanted(feed))
                {
                    _feeds.Remove(feed.GatewayId);
                }
            }
            finally
            {
                feed.IsDelivering = false;
            }
        }
    }

    [LoggerMessage(1200, LogLevel.Warning, "Room {Room}: gateway {GatewayId} does not keep up; {Count} messages for it are dropped, it will read them from the log.")]
    private partial void LogOverflow(string room, string gatewayId, int count);

    [LoggerMessage(1201, LogLevel.Warning, "Room {Room}: gateway {GatewayId} could not be delivered to; {Count} messages for it are dropped, it will read them from the log.")]
    private partial void LogNotDelivered(Exception error, string room, string gatewayId, int count);
}
