using System.Collections.Immutable;

namespace QuicChat.Grains.Gateways;

/// <summary>Which gateways live and which were lost.</summary>
/// <param name="Alive">The names of those whose lease runs.</param>
/// <param name="Lost">Those that were lost lately.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.liveness")]
internal sealed record GatewayLiveness(
    [property: Id(0)] ImmutableArray<string> Alive,
    [property: Id(1)] ImmutableArray<LostGateway> Lost)
{
    /// <summary>Nothing known yet.</summary>
    public static GatewayLiveness Unknown { get; } = new([], []);
}
