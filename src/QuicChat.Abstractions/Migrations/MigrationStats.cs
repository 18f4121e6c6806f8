using System.Collections.Immutable;

namespace QuicChat.Abstractions.Migrations;

/// <summary>Migrations of the cluster, summed up.</summary>
/// <param name="Connections">Registered connections.</param>
/// <param name="Migrating">Those with an attempt in flight.</param>
/// <param name="Totals">Attempts by outcome.</param>
/// <param name="Durations">How long completed attempts took.</param>
/// <param name="Silos">The same by silo.</param>
/// <param name="Gateways">The same by gateway.</param>
/// <param name="Since">Since when is counted.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.stats")]
public sealed record MigrationStats(
    [property: Id(0)] long Connections,
    [property: Id(1)] long Migrating,
    [property: Id(2)] MigrationTotals Totals,
    [property: Id(4)] MigrationDurations Durations,
    [property: Id(5)] ImmutableArray<MigrationStatsPart> Silos,
    [property: Id(6)] ImmutableArray<MigrationStatsPart> Gateways,
    [property: Id(7)] DateTimeOffset Since)
{
    /// <summary>Completed attempts as a share of those that ended completed or failed; <see langword="null"/> before the first.</summary>
    public double? SuccessRate => Totals.SuccessRate;

    /// <summary>Attempts by kind and outcome.</summary>
    [Id(8)]
    public MigrationTotalsByKind ByKind { get; init; } = MigrationTotalsByKind.Zero;

    /// <summary>How long completed attempts took, bucket by bucket.</summary>
    [Id(9)]
    public DurationHistogram Histogram { get; init; } = DurationHistogram.Empty;

    /// <summary>
    /// Silos that have died and whose connections' records are being read again: until that is done, what they counted in their last second
    /// may be missing.
    /// </summary>
    [Id(10)]
    public ImmutableArray<string> Recovering { get; init; } = [];

    /// <summary>The share of one silo; <see langword="null"/> where nothing was ever counted of it.</summary>
    public MigrationStatsPart? Silo(string name) => Silos.FirstOrDefault(part => part.Id == name);

    /// <summary>The share of one gateway; <see langword="null"/> where nothing was ever counted of it.</summary>
    public MigrationStatsPart? Gateway(string id) => Gateways.FirstOrDefault(part => part.Id == id);
}
