using System.Threading.Channels;

namespace QuicChat.Quic.Paths;

/// <summary>What a connection's engine knows of its network path.</summary>
public interface IConnectionPathFeature
{
    /// <summary>The stable identity of the connection.</summary>
    ConnectionId ConnectionId { get; }

    /// <summary>The path that datagrams are sent on now; it may not be validated yet.</summary>
    NetworkPath CurrentPath { get; }

    /// <summary>What this engine can truthfully report.</summary>
    PathCapabilities Capabilities { get; }

    /// <summary>
    /// The connection's path events in order, for one reader, until the connection ends. Where a reader falls too far behind, the oldest
    /// attempts are left out, each from its beginning to its end; see <see cref="PathEventQueue"/>.
    /// </summary>
    ChannelReader<PathEvent> Events { get; }

    /// <summary>
    /// How long an attempt may stay unresolved. Changing it moves the deadline of an attempt in flight.
    /// </summary>
    TimeSpan MigrationTimeout { get; set; }

    /// <summary>
    /// Who decides where the peer may go; unset, it may go anywhere. An engine with <see cref="PathCapabilities.Refusal"/> drops datagrams
    /// from a path that is denied before they are looked into; others cannot keep the peer from it. Either tells of it by
    /// <see cref="PathEvent.Denied"/>. A path that is in use already stays in use.
    /// </summary>
    PathJudge? Judge { get; set; }

    /// <summary>
    /// Tells an engine without <see cref="PathCapabilities.ExactValidation"/> that an application round trip succeeded that was begun
    /// after the attempt in flight was <see cref="PathEvent.Detected"/>. Other engines ignore it.
    /// </summary>
    void Confirm();
}
