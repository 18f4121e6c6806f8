using System.Collections.Immutable;

namespace QuicChat.Grains.Migrations;

/// <summary>The sums of one life of a silo, as last reported.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Sequence">Of the report.</param>
/// <param name="Changes">Of the report.</param>
/// <param name="Gateways">What was counted, by gateway.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.silo-sums")]
internal sealed record SiloSums(
    [property: Id(0)] string Silo,
    [property: Id(1)] long Sequence,
    [property: Id(2)] long Changes,
    [property: Id(3)] ImmutableDictionary<string, GatewaySums> Gateways)
{
    /// <summary>Both together; of the same silo's name.</summary>
    public SiloSums Plus(SiloSums other) => this with
    {
        Gateways = other.Gateways.Aggregate(
            Gateways, (sums, item) => sums.SetItem(item.Key, sums.GetValueOrDefault(item.Key, GatewaySums.Zero).Plus(item.Value))),
    };
}
