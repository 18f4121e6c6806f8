using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Cli.Admin;

/// <summary>The JSON object of <c>admin stats</c>.</summary>
/// <param name="Connections">Registered connections.</param>
/// <param name="Migrating">Those with an attempt in flight.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="Totals">Attempts by outcome.</param>
/// <param name="ByKind">Attempts by kind and outcome.</param>
/// <param name="DurationMs">How long completed attempts took, in milliseconds.</param>
/// <param name="SuccessRate">Completed attempts as a share of those completed or failed; absent before the first.</param>
/// <param name="Silos">The same by silo.</param>
/// <param name="Gateways">The same by gateway.</param>
/// <param name="Since">Since when is counted.</param>
/// <param name="Recovering">Silos that have died and whose counts are being read again.</param>
internal sealed record StatsReport(
    long Connections,
    long Migrating,
    long Failed,
    StatsReport.TotalsReport Totals,
    StatsReport.KindsReport ByKind,
    StatsReport.DurationReport DurationMs,
    double? SuccessRate,
    ImmutableArray<StatsReport.PartReport> Silos,
    ImmutableArray<StatsReport.PartReport> Gateways,
    DateTimeOffset Since,
    ImmutableArray<string> Recovering)
{
    /// <summary>The report of what the monitor says.</summary>
    public static StatsReport Of(MigrationStats stats) => new(
        stats.Connections,
        stats.Migrating,
        stats.Totals.Failed,
        TotalsReport.Of(stats.Totals),
        KindsReport.Of(stats.ByKind),
        Round(stats.Durations),
        stats.SuccessRate,
        [.. stats.Silos.Select(PartReport.Of)],
        [.. stats.Gateways.Select(PartReport.Of)],
        stats.Since,
        stats.Recovering);

    // As many digits as mean anything.
    private static DurationReport Round(MigrationDurations durations) => new(
        Math.Round(durations.P50, 1), Math.Round(durations.P90, 1), Math.Round(durations.P99, 1), Math.Round(durations.Max, 1));

    /// <summary>Attempts by outcome.</summary>
    /// <param name="Started">Attempts that began.</param>
    /// <param name="Completed">Ended on the new path.</param>
    /// <param name="Failed">Ended with the connection.</param>
    /// <param name="Reverted">Ended back on the old path.</param>
    /// <param name="Superseded">Given up for a third path.</param>
    /// <param name="Abandoned">Cut short by the end of the connection.</param>
    /// <param name="Unknown">Of unknown end.</param>
    /// <param name="Denied">Paths refused by policy; these are not attempts.</param>
    /// <param name="Ignored">Late, repeated or impossible events; these are not attempts.</param>
    internal sealed record TotalsReport(
        long Started, long Completed, long Failed, long Reverted, long Superseded, long Abandoned, long Unknown, long Denied, long Ignored)
    {
        /// <summary>The report of what the monitor says.</summary>
        public static TotalsReport Of(MigrationTotals totals) => new(
            totals.Started,
            totals.Completed,
            totals.Failed,
            totals.Reverted,
            totals.Superseded,
            totals.Abandoned,
            totals.Unknown,
            totals.Denied,
            totals.Ignored);
    }

    /// <summary>Attempts by kind.</summary>
    /// <param name="PortOnly">Those where only the port changed.</param>
    /// <param name="Address">Those where the address changed.</param>
    /// <param name="Family">Those where the address family changed.</param>
    internal sealed record KindsReport(KindReport PortOnly, KindReport Address, KindReport Family)
    {
        /// <summary>The report of what the monitor says.</summary>
        public static KindsReport Of(MigrationTotalsByKind kinds)
            => new(KindReport.Of(kinds.PortOnly), KindReport.Of(kinds.Address), KindReport.Of(kinds.Family));
    }

    /// <summary>Attempts of one kind by outcome. What is no attempt has no kind.</summary>
    /// <param name="Started">Attempts that began.</param>
    /// <param name="Completed">Ended on the new path.</param>
    /// <param name="Failed">Ended with the connection.</param>
    /// <param name="Reverted">Ended back on the old path.</param>
    /// <param name="Superseded">Given up for a third path.</param>
    /// <param name="Abandoned">Cut short by the end of the connection.</param>
    /// <param name="Unknown">Of unknown end.</param>
    internal sealed record KindReport(
        long Started, long Completed, long Failed, long Reverted, long Superseded, long Abandoned, long Unknown)
    {
        /// <summary>The report of what the monitor says.</summary>
        public static KindReport Of(MigrationTotals totals) => new(
            totals.Started, totals.Completed, totals.Failed, totals.Reverted, totals.Superseded, totals.Abandoned, totals.Unknown);
    }

    /// <summary>How long completed attempts took, in milliseconds; all zero before the first.</summary>
    /// <param name="P50">The median.</param>
    /// <param name="P90">90 of 100 were no longer.</param>
    /// <param name="P99">99 of 100 were no longer.</param>
    /// <param name="Max">The longest.</param>
    internal sealed record DurationReport(double P50, double P90, double P99, double Max);

    /// <summary>One silo's or gateway's share.</summary>
    /// <param name="Id">Its name.</param>
    /// <param name="Connections">Its registered connections.</param>
    /// <param name="Migrating">Those with an attempt in flight.</param>
    /// <param name="Totals">Its attempts by outcome.</param>
    /// <param name="ByKind">Its attempts by kind and outcome.</param>
    /// <param name="DurationMs">How long its completed attempts took, in milliseconds.</param>
    /// <param name="SuccessRate">Completed attempts as a share of those completed or failed; absent before the first.</param>
    internal sealed record PartReport(
        string Id, long Connections, long Migrating, TotalsReport Totals, KindsReport ByKind, DurationReport DurationMs, double? SuccessRate)
    {
        /// <summary>The report of what the monitor says.</summary>
        public static PartReport Of(MigrationStatsPart part) => new(
            part.Id,
            part.Connections,
            part.Migrating,
            TotalsReport.Of(part.Totals),
            KindsReport.Of(part.ByKind),
            Round(part.Histogram.ToDurations()),
            part.SuccessRate);
    }
}
