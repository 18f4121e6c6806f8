namespace QuicChat.Abstractions.Gateways;

/// <summary>A gateway's lease.</summary>
/// <param name="Duration">For how long it runs from now.</param>
/// <param name="MigrationTimeout">How long a migration attempt may stay unresolved.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.lease")]
public sealed record GatewayLease(
    [property: Id(0)] TimeSpan Duration,
    [property: Id(1)] TimeSpan MigrationTimeout);
