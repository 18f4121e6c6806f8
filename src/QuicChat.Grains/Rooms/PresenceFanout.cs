using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Hands the changes of who is in a room to the gateways that want them: one call at a time each, with the next one all that came meanwhile.
/// A gateway that could not be told reads again. All of it runs on the room's own scheduler.
/// </summary>
internal sealed partial class PresenceFanout(string room, string activation, RoomOptions options, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, Feed> _feeds = [];
    private readonly DateTimeOffset _settlesAt = time.GetUtcNow() + options.PresenceSettleDuration;
    private long _number;

    /// <summary>A gateway wants to be told, or does not.</summary>
    /// <returns>Whether it was told all since it last read.</returns>
    public bool Renew(string gatewayId, IGatewayObserver observer, bool wants)
    {
        if (!wants)
        {
            _feeds.Remove(gatewayId);
            return true;
        }

        if (!_feeds.TryGetValue(gatewayId, out var feed))
        {
            feed = new Feed();
            _feeds.Add(gatewayId, feed);
        }

        feed.Observer = observer;
        feed.Until = time.GetUtcNow() + options.AttachmentDuration;
        return feed.IsWhole;
    }

    public void Remove(string gatewayId) => _feeds.Remove(gatewayId);

    /// <summary>A gateway reads who is in the room; changes follow from there.</summary>
    public RoomPresence Read(string gatewayId, IEnumerable<RoomUser> users)
    {
        if (_feeds.TryGetValue(gatewayId, out var feed))
        {
            feed.IsWhole = true;
            feed.Sent = _number;
            feed.Pending.Clear();
        }

        var left = _settlesAt - time.GetUtcNow();
        return new RoomPresence(activation, _number, left > TimeSpan.Zero ? left : TimeSpan.Zero, [.. users]);
    }

    /// <summary>A user has come (with a name) or has gone.</summary>
    public void Change(string userId, string? userName)
    {
        _number++;
        foreach (var feed in _feeds.Values)
        {
            if (feed.IsWhole)
            {
                feed.Pending[userId] = userName;
                if (feed.Pending.Count > options.PresenceQueueLimit)
                {
                    feed.Lose();
                }
            }
        }
    }

    /// <summary>Sends what has changed.</summary>
    public void Send()
    {
        var now = time.GetUtcNow();
        foreach (var (gatewayId, feed) in _feeds)
        {
            if (feed.Until <= now)
            {
                // Removing from a dictionary while walking it is allowed.
                _feeds.Remove(gatewayId);
            }
            else if (feed.Delivery.IsCompleted)
            {
                feed.Delivery = DeliverAsync(gatewayId, feed);
            }
        }
    }

    private async Task DeliverAsync(string gatewayId, Feed feed)
    {
        while (feed.Pending.Count > 0 && _feeds.GetValueOrDefault(gatewayId) == feed)
        {
            var batch = new PresenceBatch(
                room,
                activation,
                feed.Sent,
                _number,
                [.. feed.Pending.Where(change => change.Value is not null).Select(change => new RoomUser(change.Key, change.Value!))],
                [.. feed.Pending.Where(change => change.Value is null).Select(change => change.Key)]);
            feed.Sent = _number;
            feed.Pending.Clear();
            try
            {
                await feed.Observer.DeliverPresence(batch);
            }
            catch (Exception error)
            {
                LogNotDelivered(error, room, gatewayId);
                feed.Lose();
            }
        }
    }

    [LoggerMessage(1202, LogLevel.Warning, "Room {Room}: gateway {GatewayId} could not be told who is in the room; it will read.")]
    private partial void LogNotDelivered(Exception error, string room, string gatewayId);

    private sealed class Feed
    {
        public IGatewayObserver Observer { get; set; } = null!;

        public DateTimeOffset Until { get; set; }

        /// <summary>Whether it has been handed all changes since it read.</summary>
        public bool IsWhole { get; set; }

        public long Sent { get; set; }

        /// <summary>The last change of each user: a name, or <see langword="null"/> for gone.</summary>
        public Dictionary<string, string?> Pending { get; } = [];

        public Task Delivery { get; set; } = Task.CompletedTask;

        public void Lose()
        {
            IsWhole = false;
            Pending.Clear();
        }
    }
}
