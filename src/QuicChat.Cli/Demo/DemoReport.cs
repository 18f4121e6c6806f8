using QuicChat.Abstractions.Migrations;

namespace QuicChat.Cli.Demo;

/// <summary>The JSON object of <c>demo</c>.</summary>
/// <param name="Clients">How many clients there were.</param>
/// <param name="Rooms">How many rooms.</param>
/// <param name="Published">Messages sent.</param>
/// <param name="Expected">Acknowledged messages times the members that must have each.</param>
/// <param name="Delivered">Of these, those that arrived.</param>
/// <param name="Lost">Of these, those that did not.</param>
/// <param name="Duplicated">Arrivals of a message at a member that had it already.</param>
/// <param name="Reordered">Arrivals behind a message with a higher offset, or behind one that its sender published later.</param>
/// <param name="Unacknowledged">Messages sent and never acknowledged.</param>
/// <param name="Foreign">Arrivals of messages that nobody sent to that room.</param>
/// <param name="Rebinds">Path changes made, over all clients.</param>
/// <param name="Reconnects">Connections that ended, so that their clients would have to connect again.</param>
/// <param name="Migrations">What the cluster counted.</param>
/// <param name="DeliveryGapMs">What path changes cost, in milliseconds.</param>
/// <param name="Seed">Repeats the run's decisions.</param>
internal sealed record DemoReport(
    int Clients,
    int Rooms,
    long Published,
    long Expected,
    long Delivered,
    long Lost,
    long Duplicated,
    long Reordered,
    long Unacknowledged,
    long Foreign,
    long Rebinds,
    long Reconnects,
    DemoReport.MigrationReport Migrations,
    DemoReport.GapReport DeliveryGapMs,
    int Seed)
{
    /// <summary>Puts a report together.</summary>
    public static DemoReport Of(
        DemoSettings settings, DeliveryAudit audit, long rebinds, long reconnects, MigrationStats stats, GapReport gaps) => new(
            settings.Clients,
            settings.Rooms,
            audit.Published,
            audit.Expected,
            audit.Delivered,
            audit.Lost,
            audit.Duplicated,
            audit.Reordered,
            audit.Unacknowledged,
            audit.Foreign,
            rebinds,
            reconnects,
            new MigrationReport(
                stats.Totals.Started,
                stats.Totals.Completed,
                stats.Totals.Failed,
                stats.Totals.Reverted,
                stats.Totals.Superseded,
                Spread.OfMilliseconds(stats.Durations.P50, stats.Durations.P99, stats.Durations.Max)),
            gaps,
            settings.Seed);

    /// <summary>What did not hold, in words; none where all did.</summary>
    public IReadOnlyList<string> Faults()
    {
        (bool IsFault, string Words)[] checks =
        [
            (Reconnects > 0, $"{Reconnects} connections ended"),
            (Migrations.Failed > 0, $"{Migrations.Failed} migrations failed"),
            (Migrations.Completed < Rebinds, $"{Migrations.Completed} migrations completed for {Rebinds} path changes"),
        ];
        var delivery = new DeliveryAudit(Published, Expected, Delivered, Unacknowledged, Lost, Duplicated, Reordered, Foreign);
        return [.. delivery.Violations(), .. checks.Where(check => check.IsFault).Select(check => check.Words)];
    }

    /// <summary>Migrations of the whole cluster, by the monitor grain.</summary>
    /// <param name="Started">Attempts that began.</param>
    /// <param name="Completed">Ended on the new path.</param>
    /// <param name="Failed">Ended with the connection.</param>
    /// <param name="Reverted">Ended back on the old path.</param>
    /// <param name="Superseded">Given up for a third path.</param>
    /// <param name="DurationMs">How long completed attempts took, in milliseconds.</param>
    internal sealed record MigrationReport(long Started, long Completed, long Failed, long Reverted, long Superseded, Spread DurationMs);

    /// <summary>Gaps, in milliseconds.</summary>
    /// <param name="Talkers">Of clients that publish.</param>
    /// <param name="Listeners">Of clients that only listen: these cannot be reached until they send something.</param>
    internal sealed record GapReport(Spread Talkers, Spread Listeners);
}
