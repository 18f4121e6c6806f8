using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Abstractions.Sessions;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Routing;

/// <summary>What sessions and fan-out see of the cluster: its grains, and this gateway's own address in it.</summary>
internal interface ICluster
{
    /// <summary>What grains push to: this gateway's one observer, as a reference that grains can hold.</summary>
    IGatewayObserver Observer { get; }

    /// <summary>The registry of gateways.</summary>
    IGatewayRegistryGrain Gateways { get; }

    /// <summary>The keys of session tokens.</summary>
    ISessionKeyGrain SessionKeys { get; }

    /// <summary>A connection's grain.</summary>
    IConnectionGrain Connection(ConnectionId id);

    /// <summary>A room's grain.</summary>
    IRoomGrain Room(string name);
}
