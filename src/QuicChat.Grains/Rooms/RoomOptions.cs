namespace QuicChat.Grains.Rooms;

/// <summary>How rooms keep and deliver messages.</summary>
public sealed class RoomOptions
{
    /// <summary>
    /// How many messages a room keeps at least; older ones are cut off a tenth of this at a time. 10,000 are days of an ordinary room,
    /// and a room that has to be read anew is so within a second.
    /// </summary>
    public int Retention { get; set; } = 10_000;

    /// <summary>
    /// How old a message may become: 7 days, a holiday. Older ones are not read any more and are cut off, but for the newest of a room, which
    /// stays in the store, unread, to hold the room's offset.
    /// </summary>
    public TimeSpan RetentionTime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Of how many clients a room keeps the last number when the log has none of their messages any more: 10,000, as many as a log of
    /// <see cref="Retention"/> can have at once. The oldest go first, and each when it is older than <see cref="RetentionTime"/>.
    /// </summary>
    public int CutOffClients { get; set; } = 10_000;

    /// <summary>How long a gateway is delivered to after it last asked. Gateways ask every 2 s, so at 10 s four may be lost.</summary>
    public TimeSpan AttachmentDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many messages one delivery carries at most. 100 keep a slow gateway's queue short and a fast one's calls few.</summary>
    public int DeliveryLimit { get; set; } = 100;

    /// <summary>
    /// How long messages are gathered for one gateway after a delivery: 15 ms, or until there are <see cref="DeliveryLimit"/> of them. The first
    /// one after a pause is sent at once. So a busy room costs a gateway 70 calls a second instead of one a message, and nobody notices.
    /// </summary>
    public TimeSpan DeliveryInterval { get; set; } = TimeSpan.FromMilliseconds(15);

    /// <summary>
    /// How many messages may wait for one gateway. Beyond, they are dropped, and the gateway reads them from the log: memory stays
    /// bounded, and nothing is lost.
    /// </summary>
    public int DeliveryQueueLimit { get; set; } = 1_000;

    /// <summary>
    /// How many changes of who is in a room may wait for one gateway: 1,000. Beyond, they are dropped, and the gateway reads all.
    /// </summary>
    public int PresenceQueueLimit { get; set; } = 1_000;

    /// <summary>
    /// How long an activation waits for all gateways to say who is in the room, before one whom none has named has left: 6 s, three of their
    /// renewals.
    /// </summary>
    public TimeSpan PresenceSettleDuration { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How many messages one write to the log carries at most. What arrives meanwhile goes out with the next one.</summary>
    public int AppendLimit { get; set; } = 500;
}
