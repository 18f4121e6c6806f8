using System.Collections.Immutable;

namespace QuicChat.Grains.Migrations;

/// <summary>The checkpoint of one life of a silo.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Sequence">Of the report that it was taken from.</param>
/// <param name="Changes">Of that report.</param>
/// <param name="All">All that was counted.</param>
/// <param name="Retired">The part of it whose stints have ended: it is not read from records again.</param>
/// <param name="Named">Stints that are part of <paramref name="Retired"/> and may still stand in their connections' records.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.silo-sums")]
internal sealed record SiloSums(
    [property: Id(0)] string Silo,
    [property: Id(1)] long Sequence,
    [property: Id(2)] long Changes,
    [property: Id(3)] SumsByGateway All,
    [property: Id(4)] SumsByGateway Retired,
    [property: Id(5)] ImmutableArray<Guid> Named);
