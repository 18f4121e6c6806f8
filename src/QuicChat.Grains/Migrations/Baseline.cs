using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What a reset takes away from what is shown, by silo and gateway. Connections, and attempts in flight, stay.</summary>
internal static class Baseline
{
    private static readonly ImmutableArray<MigrationKind> Kinds = [.. Enum.GetValues<MigrationKind>()];

    /// <summary>
    /// What to take away so that only what comes is counted, and no silo shows less than nothing: an attempt that began on one silo and ended on
    /// another is in flight by neither.
    /// </summary>
    public static Dictionary<string, SumsByGateway> Of(IReadOnlyDictionary<string, SumsByGateway> silos)
    {
        var baseline = silos.Keys.ToDictionary(silo => silo, _ => SumsByGateway.Zero);
        foreach (var gatewayId in silos.Values.SelectMany(sums => sums.Items.Keys).Distinct())
        {
            var parts = silos.Where(silo => silo.Value.Items.ContainsKey(gatewayId)).ToDictionary(silo => silo.Key, silo => silo.Value[gatewayId]);
            var inFlight = parts.Keys.ToDictionary(silo => silo, _ => MigrationTotalsByKind.Zero);
            foreach (var kind in Kinds)
            {
                // What silos have ended of others' is taken from those that have begun more than they ended.
                var ended = parts.Values.Sum(part => Math.Max(0, -part.ByKind.Of(kind).InFlight));
                foreach (var (silo, part) in parts)
                {
                    var begun = Math.Max(0, part.ByKind.Of(kind).InFlight);
                    var elsewhere = Math.Min(ended, begun);
                    ended -= elsewhere;
                    inFlight[silo] = inFlight[silo].With(kind, totals => totals with { Started = begun - elsewhere });
                }
            }

            foreach (var (silo, part) in parts)
            {
                baseline[silo] = baseline[silo].Plus(gatewayId, part.Without(inFlight[silo]));
            }
        }

        return baseline;
    }

    private static GatewaySums Without(this GatewaySums sums, MigrationTotalsByKind inFlight) => new(
        0,
        0,
        sums.Totals with { Started = sums.Totals.Started - Kinds.Sum(kind => inFlight.Of(kind).Started) },
        sums.ByKind.Minus(inFlight),
        sums.Durations);
}
