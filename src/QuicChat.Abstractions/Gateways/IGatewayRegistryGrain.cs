using System.Collections.Immutable;
using Orleans.Concurrency;

namespace QuicChat.Abstractions.Gateways;

/// <summary>The gateways that are alive. There is one registry, with the key <see cref="Key"/>.</summary>
[Alias("quicchat.gateway-registry")]
public interface IGatewayRegistryGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "cluster";

    /// <summary>Takes or renews the lease of a gateway. A process takes the lease from one of the same name that started before it.</summary>
    /// <exception cref="GatewayReplacedException">A process of the same name that started later holds the lease.</exception>
    /// <exception cref="ServerIdTakenException">Another gateway has the server ID that this one asks for.</exception>
    [Alias("Renew")]
    Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer);

    /// <summary>Gives a lease back at an orderly stop. Where another process of the name holds it by now, nothing happens.</summary>
    /// <param name="gatewayId">The gateway.</param>
    /// <param name="startedAt">When the process started that gives it back.</param>
    [Alias("Release")]
    Task Release(string gatewayId, DateTimeOffset startedAt);

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

    /// <summary>Asks a gateway to take connections again; see <see cref="IGatewayObserver.Undrain"/>. Its description shows that it does.</summary>
    /// <param name="gatewayId">The gateway.</param>
    /// <returns>Whether the gateway is known and was asked.</returns>
    [Alias("Undrain")]
    [AlwaysInterleave]
    Task<bool> Undrain(string gatewayId);
}
