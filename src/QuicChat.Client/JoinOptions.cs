using QuicChat.Protocol;

namespace QuicChat.Client;

/// <summary>How to enter a room. By default only messages sent from now on arrive.</summary>
public sealed class JoinOptions
{
    /// <summary>
    /// Go on behind this place: all messages since then arrive first, in order. Where the log no longer reaches back to it,
    /// <see cref="ChatRoom.IsRecovered"/> is false (in a session a <see cref="RoomGap"/> tells), and the <see cref="Newest"/> messages arrive first.
    /// </summary>
    public RoomPosition? After { get; init; }

    /// <summary>
    /// How many of the newest messages arrive first, where <see cref="After"/> does not say where to go on; in a session also where it was
    /// interrupted and the log no longer reaches back so far. At most <see cref="ProtocolLimits.MaxNewestMessages"/>.
    /// </summary>
    public int Newest { get; init; }

    /// <summary>
    /// Whether the application reads the room's messages. Without, it need not call <see cref="ChatRoom.ReadAllAsync"/>, and messages are
    /// dropped as they arrive: for one that only publishes.
    /// </summary>
    public bool ReceiveMessages { get; init; } = true;

    /// <summary>
    /// Whether the gateway tells who is in the room, and who comes and goes. Off by default: in a large, lively room that is more traffic than its messages.
    /// </summary>
    public bool Presence { get; init; }
}
