using System.Collections.Immutable;

namespace QuicChat.Grains.Migrations;

/// <summary>Sums of several gateways, by name.</summary>
/// <param name="Items">The sums.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.sums-by-gateway")]
internal sealed record SumsByGateway([property: Id(0)] ImmutableDictionary<string, GatewaySums> Items)
{
    /// <summary>Nothing counted.</summary>
    public static SumsByGateway Zero { get; } = new(ImmutableDictionary<string, GatewaySums>.Empty);

    /// <summary>The sums of one gateway.</summary>
    public GatewaySums this[string gatewayId] => Items.GetValueOrDefault(gatewayId, GatewaySums.Zero);

    /// <summary>All gateways together.</summary>
    public GatewaySums Sum() => Items.Values.Aggregate(GatewaySums.Zero, (sum, next) => sum.Plus(next));

    /// <summary>With more of one gateway.</summary>
    public SumsByGateway Plus(string gatewayId, GatewaySums sums) => new(Items.SetItem(gatewayId, this[gatewayId].Plus(sums)));

    /// <summary>With less of one gateway.</summary>
    public SumsByGateway Minus(string gatewayId, GatewaySums sums) => new(Items.SetItem(gatewayId, this[gatewayId].Minus(sums)));

    /// <summary>Both together.</summary>
    public SumsByGateway Plus(SumsByGateway other) => other.Items.Aggregate(this, (sums, item) => sums.Plus(item.Key, item.Value));

    /// <summary>What <paramref name="other"/> does not have.</summary>
    public SumsByGateway Minus(SumsByGateway other) => other.Items.Aggregate(this, (sums, item) => sums.Minus(item.Key, item.Value));
}
