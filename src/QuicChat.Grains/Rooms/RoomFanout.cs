using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Hands a room's new messages to the gateways that asked for them. Each gateway has a queue and a delivery of its own, so one that is slow
/// or dead is so for itself. All of it runs on the room's own scheduler; nothing here is awaited by a publisher.
/// </summary>
internal sealed partial class RoomFanout(string room, string activation, RoomOptions options, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, Feed> _feeds = [];

    /// <summary>A gateway asks for messages, or asks on.</summary>
    public void Attach(string gatewayId, IGatewayObserver observer)
    {
        if (!_feeds.TryGetValue(gatewayId, out var feed))
        {
            feed = new Feed(gatewayId);
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

            if (feed.Delivery.IsCompleted)
            {
                feed.Delivery = DeliverAsync(feed);
            }
        }
    }

    private async Task DeliverAsync(Feed feed)
    {
        while (feed.Queue.Count > 0 && _feeds.GetValueOrDefault(feed.GatewayId) == feed)
        {
            // By the real time, whatever clock the room's stored times go by: this is about calls and nothing else.
            var wait = options.DeliveryInterval - TimeProvider.System.GetElapsedTime(feed.SentAt);
            if (wait > TimeSpan.Zero && feed.Queue.Count < options.DeliveryLimit)
            {
                feed.Full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await Task.WhenAny(feed.Full.Task, Task.Delay(wait, TimeProvider.System));
                feed.Full = null;
                continue;
            }

            feed.SentAt = TimeProvider.System.GetTimestamp();
            var epoch = feed.Queue[0].Epoch;
            var batch = feed.Queue.Take(options.DeliveryLimit).TakeWhile(entry => entry.Epoch == epoch).Select(entry => entry.Message).ToImmutableArray();
            feed.Queue.RemoveRange(0, batch.Length);
            try
            {
                await feed.Observer.Deliver(new RoomBatch(room, epoch, batch, activation));
            }
            catch (Exception error)
            {
                // What it missed it reads from the log, once it asks again and sees the tail.
                LogNotDelivered(error, room, feed.GatewayId, batch.Length + feed.Queue.Count);
                feed.Queue.Clear();
                if (error is ClientNotAvailableException && _feeds.GetValueOrDefault(feed.GatewayId) == feed)
                {
                    _feeds.Remove(feed.GatewayId);
                }
            }
        }
    }

    [LoggerMessage(1200, LogLevel.Warning, "Room {Room}: gateway {GatewayId} does not keep up; {Count} messages for it are dropped, it will read them from the log.")]
    private partial void LogOverflow(string room, string gatewayId, int count);

    [LoggerMessage(1201, LogLevel.Warning, "Room {Room}: gateway {GatewayId} could not be delivered to; {Count} messages for it are dropped, it will read them from the log.")]
    private partial void LogNotDelivered(Exception error, string room, string gatewayId, int count);

    private sealed class Feed(string gatewayId)
    {
        public string GatewayId { get; } = gatewayId;

        public IGatewayObserver Observer { get; set; } = null!;

        public DateTimeOffset Until { get; set; }

        public List<(string Epoch, RoomMessage Message)> Queue { get; } = [];

        /// <summary>When the last delivery began; the first one has long been due.</summary>
        public long SentAt { get; set; } = TimeProvider.System.GetTimestamp() - TimeProvider.System.TimestampFrequency;

        /// <summary>Ends the gathering of messages.</summary>
        public TaskCompletionSource? Full { get; set; }

        public Task Delivery { get; set; } = Task.CompletedTask;
    }
}
