using System.Collections.Immutable;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Abstractions.Gateways;

/// <summary>A gateway's lease.</summary>
/// <param name="Duration">For how long it runs from now.</param>
/// <param name="MigrationTimeout">How long a migration attempt may stay unresolved.</param>
/// <param name="Id">
/// The same for as long as the gateway is not taken for lost. Where it has changed, the cluster has given the gateway's connections up
/// meanwhile.
/// </param>
/// <param name="Policy">Where clients may move; <see langword="null"/> where the gateway knows it already, by the version that it named.</param>
/// <param name="SettingsVersion">Rises with each change of the time-out or the policy.</param>
/// <param name="ServerId">The gateway's server ID in connection IDs: no other gateway has it, and a process that takes a gateway's place has it again.</param>
/// <param name="Peers">The other gateways that datagrams can be handed on to; <see langword="null"/> where the gateway knows them already.</param>
/// <param name="PoolVersion">Changes with each gateway that comes or goes.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.lease")]
public sealed record GatewayLease(
    [property: Id(0)] TimeSpan Duration,
    [property: Id(1)] TimeSpan MigrationTimeout,
    [property: Id(2)] Guid Id,
    [property: Id(3)] MigrationPolicy? Policy,
    [property: Id(4)] long SettingsVersion,
    [property: Id(5)] uint ServerId,
    [property: Id(6)] ImmutableArray<GatewayPeer>? Peers,
    [property: Id(7)] long PoolVersion);
