using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Verbs;
using Spectre.Console;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin stats</c>: migrations of the whole cluster, by silo and by gateway.</summary>
internal sealed class StatsVerb : AdminVerb
{
    private static readonly (string Heading, Func<MigrationTotals, long> Count)[] Attempts =
    [
        ("started", totals => totals.Started),
        ("completed", totals => totals.Completed),
        ("failed", totals => totals.Failed),
        ("reverted", totals => totals.Reverted),
        ("superseded", totals => totals.Superseded),
        ("abandoned", totals => totals.Abandoned),
        ("unknown", totals => totals.Unknown),
    ];

    private static readonly (string Heading, Func<MigrationStatsPart, long> Count)[] Columns =
    [
        ("connections", part => part.Connections),
        ("migrating", part => part.Migrating),
        .. Attempts.Select(column => (column.Heading, (Func<MigrationStatsPart, long>)(part => column.Count(part.Totals)))),
        ("denied", part => part.Totals.Denied),
        ("ignored", part => part.Totals.Ignored),
    ];

    private readonly Option<string?> _silo = new("--silo") { Description = "Only the share of one silo.", HelpName = "NAME" };
    private readonly Option<string?> _gateway = new("--gateway") { Description = "Only the share of one gateway.", HelpName = "ID" };

    /// <summary>Defines the verb.</summary>
    public StatsVerb()
        : base(
            "stats",
            "Shows connections and migrations of the whole cluster, by silo and by gateway.",
            "./quicchat admin stats",
            "./quicchat admin stats --json",
            "./quicchat admin stats --gateway gw-1",
            "./quicchat admin stats --store redis.example.org:6379")
        => AddAdminOptions(_silo, _gateway);

    /// <inheritdoc />
    protected override void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_silo) is not null && parsed.GetValue(_gateway) is not null)
        {
            throw new UsageException("--silo and --gateway are two questions; ask one");
        }
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var stats = await cluster.AskAsync(
            grains => grains.Monitor().GetMigrationStats(), cancellationToken);
        if (parsed.GetValue(_silo) is { } silo)
        {
            return ShowPart(context, stats, Find(stats.Silos, silo, "silo"));
        }

        if (parsed.GetValue(_gateway) is { } gateway)
        {
            return ShowPart(context, stats, Find(stats.Gateways, gateway, "gateway"));
        }

        if (context.Json)
        {
            context.WriteJson(StatsReport.Of(stats));
        }
        else
        {
            Show(context.OutputConsole(), stats);
        }

        return ExitCode.Held;
    }

    /// <summary>Shows the whole cluster's statistics.</summary>
    internal static void Show(IAnsiConsole console, MigrationStats stats)
    {
        var all = new MigrationStatsPart("all", stats.Connections, stats.Migrating, stats.Totals) { ByKind = stats.ByKind, Histogram = stats.Histogram };
        Show(console, stats, all, [.. stats.Silos, .. stats.Gateways, all]);
    }

    private static void Show(IAnsiConsole console, MigrationStats stats, MigrationStatsPart part, IEnumerable<MigrationStatsPart> rows)
    {
        var took = part.Histogram.ToDurations();
        var grid = new Grid().AddColumn().AddColumn();
        grid.AddRow("connections", Text(part.Connections));
        grid.AddRow("migrating", Text(part.Migrating));
        grid.AddRow("success rate", part.SuccessRate is { } share ? share.ToString("P2", CultureInfo.InvariantCulture) : "none ended yet");
        grid.AddRow("took", part.Histogram.Total == 0 ? "none completed yet" : string.Create(
            CultureInfo.InvariantCulture,
            $"{took.P50:0.#} ms (median), {took.P90:0.#} ms (p90), {took.P99:0.#} ms (p99), {took.Max:0.#} ms (longest)"));
        grid.AddRow("counted since", stats.Since.ToString("u", CultureInfo.InvariantCulture));
        console.Write(grid);
        ShowRecovering(console, stats);

        var table = Create(["", .. Columns.Select(column => ">" + column.Heading)]);
        foreach (var row in rows)
        {
            table.Add([row.Id, .. Columns.Select(column => Text(column.Count(row)))]);
        }

        console.Write(table);

        var kinds = Create(["what changed", .. Attempts.Select(column => ">" + column.Heading)]);
        foreach (var (kind, totals) in ((string, MigrationTotals)[])
            [("port only", part.ByKind.PortOnly), ("address", part.ByKind.Address), ("family", part.ByKind.Family)])
        {
            kinds.Add([kind, .. Attempts.Select(column => Text(column.Count(totals)))]);
        }

        console.Write(kinds);
    }

    private static void ShowRecovering(IAnsiConsole console, MigrationStats stats)
    {
        foreach (var silo in stats.Recovering)
        {
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{silo} has died; its counts are being read again");
        }
    }

    private static MigrationStatsPart Find(ImmutableArray<MigrationStatsPart> parts, string id, string what)
        => parts.FirstOrDefault(part => part.Id == id)
            ?? throw new ToolException($"there is no {what} '{id}'; counted are {(parts.IsEmpty ? "none" : string.Join(", ", parts.Select(part => part.Id)))}.");

    private static int ShowPart(VerbContext context, MigrationStats stats, MigrationStatsPart part)
    {
        if (context.Json)
        {
            context.WriteJson(StatsReport.PartReport.Of(part));
        }
        else
        {
            Show(context.OutputConsole(), stats, part, [part]);
        }

        return ExitCode.Held;
    }
}
