using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What a silo tells the monitor. Sums are cumulative, so that a report may be lost or arrive twice.</summary>
/// <param name="Incarnation">This life of the silo.</param>
/// <param name="Connections">Registered connections that are active on this silo.</param>
/// <param name="Migrating">Those with an attempt in flight.</param>
/// <param name="Sums">What was counted; its sequence rises with every report.</param>
/// <param name="Failed">Migrations that failed, of which the monitor has not said yet that it has stored them.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.collector-report")]
internal sealed record CollectorReport(
    [property: Id(0)] string Incarnation,
    [property: Id(1)] long Connections,
    [property: Id(2)] long Migrating,
    [property: Id(3)] SiloSums Sums,
    [property: Id(4)] ImmutableArray<FailedMigration> Failed);
