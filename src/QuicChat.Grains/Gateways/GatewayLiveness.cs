using System.Collections.Immutable;

namespace QuicChat.Grains.Gateways;

/// <summary>Which gateways live and which were lost, and what all are told.</summary>
/// <param name="Alive">The names of those whose lease runs.</param>
/// <param name="Lost">The leases that were lost lately.</param>
/// <param name="MigrationTimeout">How long a migration attempt may stay unresolved.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.liveness")]
internal sealed record GatewayLiveness(
    [property: Id(0)] ImmutableArray<string> Alive,
    [property: Id(1)] ImmutableArray<LostGateway> Lost,
    [property: Id(2)] TimeSpan MigrationTimeout);
