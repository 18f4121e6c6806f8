namespace QuicChat.Abstractions.Migrations;

/// <summary>One silo's or gateway's share of the statistics.</summary>
/// <param name="Id">The silo's or gateway's name.</param>
/// <param name="Connections">Its registered connections.</param>
/// <param name="Migrating">Those with an attempt in flight.</param>
/// <param name="Totals">Its attempts by outcome.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.stats-part")]
public sealed record MigrationStatsPart(
    [property: Id(0)] string Id,
    [property: Id(1)] long Connections,
    [property: Id(2)] long Migrating,
    [property: Id(3)] MigrationTotals Totals)
{
    /// <summary>Completed attempts as a share of those that ended completed or failed; <see langword="null"/> before the first.</summary>
    public double? SuccessRate => Totals.SuccessRate;

    /// <summary>Attempts by kind and outcome.</summary>
    [Id(4)]
    public MigrationTotalsByKind ByKind { get; init; } = MigrationTotalsByKind.Zero;

    /// <summary>How long completed attempts took, bucket by bucket.</summary>
    [Id(5)]
    public DurationHistogram Histogram { get; init; } = DurationHistogram.Empty;
}
