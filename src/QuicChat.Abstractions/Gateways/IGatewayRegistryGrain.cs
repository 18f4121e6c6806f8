using System.Collections.Immutable;
using Orleans.Concurrency;

namespace QuicChat.Abstractions.Gateways;

/// <summary>The gateways that are alive. There is one registry, with the key <see cref="Key"/>.</summary>
[Alias("quicchat.gateway-registry")]
public interface IGatewayRegistryGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "cluster";

    /// <summary>Takes or renews the lease of a gateway.</summary>
    [Alias("Renew")]
    Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer);

    /// <summary>Gives a lease back at an orderly stop.</summary>
    [Alias("Release")]
    Task Release(string gatewayId);

    /// <summary>The gateways whose lease runs.</summary>
    [Alias("GetGateways")]
    [AlwaysInterleave]
    Task<ImmutableArray<GatewayDescription>> GetGateways();

    /// <summary>Asks a gateway to close a connection with an application error code.</summary>
    /// <returns>Whether the gateway is known and was asked; not whether the connection was there.</returns>
    [Alias("CloseConnection")]
    [AlwaysInterleave]
    Task<bool> CloseConnection(string gatewayId, string connectionId, int errorCode, string reason);

    /// <summary>Asks a gateway to drain; see <see cref="IGatewayObserver.Drain"/>. How far it is shows its description.</summary>
    /// <param name="gatewayId">The gateway.</param>
    /// <param name="timeLimit">After which it closes the connections that have not gone by themselves.</param>
    /// <returns>Whether the gateway is known and was asked.</returns>
    [Alias("Drain")]
    [AlwaysInterleave]
    Task<bool> Drain(string gatewayId, TimeSpan timeLimit);
}
