using System.Collections.Immutable;

namespace QuicChat.Abstractions.Connections;

/// <summary>All path events of a connection since the last one that was acknowledged, in order.</summary>
/// <param name="GatewayId">The reporting gateway.</param>
/// <param name="Events">The events, their numbers rising by one.</param>
[GenerateSerializer, Immutable, Alias("quicchat.path.report")]
public sealed record PathReport(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] ImmutableArray<PathObservation> Events);
