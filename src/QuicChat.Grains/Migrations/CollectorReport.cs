using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What a silo tells the monitor. Sums are cumulative, so that a report may be lost or arrive twice.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Incarnation">This life of the silo.</param>
/// <param name="Sequence">Rises with every report of this life.</param>
/// <param name="Changes">Rises with every change of <paramref name="Gateways"/>.</param>
/// <param name="Connections">Registered connections that are active on this silo.</param>
/// <param name="Migrating">Those with an attempt in flight.</param>
/// <param name="Gateways">What was counted, by gateway.</param>
/// <param name="Failed">Migrations that failed since the last report that was answered.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.collector-report")]
internal sealed record CollectorReport(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] long Sequence,
    [property: Id(3)] long Changes,
    [property: Id(4)] long Connections,
    [property: Id(5)] long Migrating,
    [property: Id(6)] ImmutableDictionary<string, GatewaySums> Gateways,
    [property: Id(7)] ImmutableArray<FailedMigration> Failed);
