using System.CommandLine;
using System.Globalization;
using QuicChat.Abstractions;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using Spectre.Console;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin stats</c>: migrations of the whole cluster, by silo and by gateway.</summary>
internal sealed class StatsVerb : Verb
{
    private readonly Option<string?> _store = Choice.Of<string?>(
        "--store", "CONN", "The store of another cluster than this machine's stack, such as 127.0.0.1:6379.", RedisServer.Parse);

    private readonly Option<string> _clusterId = new("--cluster-id")
    {
        Description = "With --store: the Orleans cluster ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ClusterId,
    };

    private readonly Option<string> _serviceId = new("--service-id")
    {
        Description = "With --store: the Orleans service ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ServiceId,
    };

    /// <summary>Defines the verb.</summary>
    public StatsVerb()
        : base(
            "stats",
            "Shows connections and migrations of the whole cluster, by silo and by gateway.",
            "./quicchat admin stats",
            "./quicchat admin stats --json",
            "./quicchat admin stats --store redis.example.org:6379")
        => AddOptions(_store, _clusterId, _serviceId);

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        await using var cluster = await ClusterConnection.OpenAsync(
            context.Data,
            parsed.GetValue(_store),
            parsed.GetRequiredValue(_clusterId),
            parsed.GetRequiredValue(_serviceId),
            cancellationToken);
        var stats = await cluster.AskAsync(
            grains => grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key).GetMigrationStats(), cancellationToken);
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

    private static void Show(IAnsiConsole console, MigrationStats stats)
    {
        var rate = stats.SuccessRate is { } share ? share.ToString("P2", CultureInfo.InvariantCulture) : "none ended yet";
        var duration = stats.Durations;
        var grid = new Grid().AddColumn().AddColumn();
        grid.AddRow("connections", Text(stats.Connections));
        grid.AddRow("migrating", Text(stats.Migrating));
        grid.AddRow("success rate", rate);
        grid.AddRow("completed", $"{Text(stats.CompletedByKind.PortOnly)} port only, {Text(stats.CompletedByKind.Address)} address, {Text(stats.CompletedByKind.Family)} family");
        grid.AddRow("took", string.Create(CultureInfo.InvariantCulture, $"{duration.P50:0.#} ms (median), {duration.P90:0.#} ms (p90), {duration.P99:0.#} ms (p99), {duration.Max:0.#} ms (longest)"));
        grid.AddRow("counted since", stats.Since.ToString("u", CultureInfo.InvariantCulture));
        console.Write(grid);

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("");
        foreach (var heading in (string[])["connections", "migrating", "started", "completed", "failed", "reverted", "superseded", "abandoned", "unknown", "denied"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var part in (IEnumerable<MigrationStatsPart>)[.. stats.Silos, .. stats.Gateways, new("all", stats.Connections, stats.Migrating, stats.Totals)])
        {
            long[] counts =
            [
                part.Connections, part.Migrating, part.Totals.Started, part.Totals.Completed, part.Totals.Failed, part.Totals.Reverted,
                part.Totals.Superseded, part.Totals.Abandoned, part.Totals.Unknown, part.Totals.Denied,
            ];
            table.AddRow([Markup.Escape(part.Id), .. counts.Select(Text)]);
        }

        console.Write(table);
    }

    private static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
