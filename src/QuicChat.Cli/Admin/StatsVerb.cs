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
    private static readonly (string Heading, Func<MigrationStatsPart, long> Count)[] Columns =
    [
        ("connections", part => part.Connections),
        ("migrating", part => part.Migrating),
        ("started", part => part.Totals.Started),
        ("completed", part => part.Totals.Completed),
        ("failed", part => part.Totals.Failed),
        ("reverted", part => part.Totals.Reverted),
        ("superseded", part => part.Totals.Superseded),
        ("abandoned", part => part.Totals.Abandoned),
        ("unknown", part => part.Totals.Unknown),
        ("denied", part => part.Totals.Denied),
    ];

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
        var kinds = stats.CompletedByKind;
        var took = stats.Durations;
        var grid = new Grid().AddColumn().AddColumn();
        grid.AddRow("connections", Text(stats.Connections));
        grid.AddRow("migrating", Text(stats.Migrating));
        grid.AddRow("success rate", rate);
        grid.AddRow("completed", $"{Text(kinds.PortOnly)} port only, {Text(kinds.Address)} address, {Text(kinds.Family)} family");
        grid.AddRow("took", string.Create(
            CultureInfo.InvariantCulture,
            $"{took.P50:0.#} ms (median), {took.P90:0.#} ms (p90), {took.P99:0.#} ms (p99), {took.Max:0.#} ms (longest)"));
        grid.AddRow("counted since", stats.Since.ToString("u", CultureInfo.InvariantCulture));
        console.Write(grid);

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("");
        foreach (var (heading, _) in Columns)
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        var all = new MigrationStatsPart("all", stats.Connections, stats.Migrating, stats.Totals);
        foreach (var part in stats.Silos.Concat(stats.Gateways).Append(all))
        {
            table.AddRow([Markup.Escape(part.Id), .. Columns.Select(column => Text(column.Count(part)))]);
        }

        console.Write(table);
    }

    private static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
