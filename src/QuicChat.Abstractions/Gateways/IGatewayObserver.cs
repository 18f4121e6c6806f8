using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Abstractions.Gateways;

/// <summary>
/// What the cluster tells a gateway; there is one observer a gateway process. Calls arrive one at a time and at most once, so nothing
/// depends on one of them arriving.
/// </summary>
[Alias("quicchat.gateway-observer")]
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>New messages of a room that the gateway is attached to.</summary>
    [Alias("Deliver")]
    Task Deliver(RoomBatch batch);

    /// <summary>Changes of who is in a room, for a gateway that has asked for them.</summary>
    [Alias("DeliverPresence")]
    Task DeliverPresence(PresenceBatch batch);

    /// <summary>Closes a connection with an application error code.</summary>
    [Alias("CloseConnection")]
    Task CloseConnection(string connectionId, int errorCode, string reason);

    /// <summary>
    /// Has the gateway take no more connections, tell those that it has to go elsewhere, and close after a time those that have not gone. It
    /// stays that way until <see cref="Undrain"/>, or until its process is started again.
    /// </summary>
    [Alias("Drain")]
    Task Drain(TimeSpan timeLimit);

    /// <summary>Has the gateway take connections again. Those that were told to go still go, or are closed, for they have been promised their end.</summary>
    [Alias("Undrain")]
    Task Undrain();

    /// <summary>
    /// Asks for connections whose attempt should have ended by now: the gateway reports what it has not, and takes those that it does not
    /// have out of the registry.
    /// </summary>
    [Alias("CheckConnections")]
    Task CheckConnections(ImmutableArray<string> connectionIds);
}
