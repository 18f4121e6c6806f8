using System.CommandLine;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;
using Spectre.Console;

namespace QuicChat.Cli.Demo;

/// <summary><c>demo</c>: chats while every path changes, and checks every message at every member.</summary>
internal sealed class DemoVerb : Verb
{
    private readonly Option<int> _clients = Choice.Number(
        "--clients", 8, 2, 1000, "How many clients; half publish 10 messages a second, half only listen.");
    private readonly Option<int> _rooms = Choice.Number("--rooms", 2, 1, 500, "How many rooms they share out.");
    private readonly Option<int> _rebinds = Choice.Number(
        "--rebinds", 3, 0, 1000, "How often each client's path changes, in turn to a new port and to another address.");
    private readonly Option<int> _seconds = Choice.Number("--seconds", 20, 2, 3600, "For how long is published.");
    private readonly NetworkOptions _network = new();
    private readonly Option<int?> _seed = Choice.NumberOrNone(
        "--seed", 0, int.MaxValue, "Repeats the times of path changes and the network's decisions of an earlier run.");
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();
    private readonly Option<int> _silos = Choice.Number("--silos", 1, 1, 16, "How many silos to start.");
    private readonly Option<int> _gateways = Choice.Number("--gateways", 1, 1, 16, "How many gateways to start.");

    /// <summary>Defines the verb.</summary>
    public DemoVerb()
        : base(
            "demo",
            "Starts a stack of its own, chats while every client's path changes again and again, and checks every message at every member.",
            "./quicchat demo",
            "./quicchat demo --clients 40 --rebinds 5 --json",
            "./quicchat demo --loss 2% --delay 20ms --reorder 1%")
        => AddOptions([_clients, _rooms, _rebinds, _seconds, .. _network.All, _seed, _engine, _silos, _gateways]);

    /// <inheritdoc />
    protected override string DataDescription => "A new directory for the stack, to keep. Without it a temporary one, deleted at the end.";

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var settings = new DemoSettings(
            parsed.GetValue(_clients),
            parsed.GetValue(_rooms),
            parsed.GetValue(_rebinds),
            TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            _network.Read(parsed),
            parsed.GetValue(_seed) ?? Random.Shared.Next(),
            parsed.GetValue(_engine));
        Check(settings);
        var plan = new StackPlan
        {
            Silos = parsed.GetValue(_silos),
            Gateways = parsed.GetValue(_gateways),
            WebPort = 0,
            Engine = settings.Engine,
        };

        using var folder = DemoFolder.Open(IsDataGiven(parsed) ? context.Data : null);
        DemoReport report;
        await using (var stack = await LocalStack.StartAsync(plan, folder.Data, context.Progress, cancellationToken))
        {
            report = await RunAsync(settings, folder.Data, stack.Running, context, cancellationToken);
        }

        return Tell(report, context);
    }

    private static void Check(DemoSettings settings)
    {
        var most = RebindingPlan.MostChanges(settings.Duration);
        if (settings.Rebinds > most)
        {
            throw new UsageException(
                $"--rebinds: at most {most} fit into {settings.Duration.TotalSeconds} s, so that each ends before the next; give more --seconds");
        }

        if (settings.Clients < 2 * settings.Rooms)
        {
            throw new UsageException(
                "--rooms: each room needs two clients, one that publishes and one that listens; give fewer rooms or more --clients");
        }
    }

    private static async Task<DemoReport> RunAsync(
        DemoSettings settings, DataFolder data, RunningStack stack, VerbContext context, CancellationToken cancellationToken)
    {
        await using var cluster = await ClusterConnection.OpenAsync(stack, cancellationToken);
        context.Progress($"{settings.Clients} clients connect; seed {settings.Seed}");
        await using var run = await DemoRun.PrepareAsync(settings, data, stack, cluster, context.ProgressIfNotLive, cancellationToken);
        var work = run.RunAsync(cancellationToken);
        await context.ShowWhileAsync(work, run.Draw);
        return await work;
    }

    private static int Tell(DemoReport report, VerbContext context)
    {
        var faults = report.Faults();
        if (context.Json)
        {
            context.WriteJson(report);
        }
        else
        {
            var migrations = report.Migrations;
            var grid = new Grid().AddColumn().AddColumn();
            grid.AddRow("messages", $"{report.Published} published, {report.Delivered} of {report.Expected} delivered");
            grid.AddRow("wrong", $"{report.Lost} lost, {report.Duplicated} duplicated, {report.Reordered} reordered");
            grid.AddRow("path changes", $"{report.Rebinds} made, {migrations.Completed} migrations completed, {migrations.Failed} failed");
            grid.AddRow("reconnects", $"{report.Reconnects}");
            grid.AddRow("migrations took", Text(migrations.DurationMs));
            grid.AddRow("gap of talkers", Text(report.DeliveryGapMs.Talkers));
            grid.AddRow("gap of listeners", Text(report.DeliveryGapMs.Listeners));
            context.OutputConsole().Write(grid);
        }

        if (faults.Count > 0)
        {
            context.Error.WriteLine($"quicchat: it did not hold: {string.Join(", ", faults)}; seed {report.Seed}.");
            return ExitCode.Failed;
        }

        context.Progress("it held: every message once and in order at every member, on connections that stayed");
        return ExitCode.Held;
    }

    private static string Text(Spread spread)
        => FormattableString.Invariant($"{spread.P50:0.#} ms (median), {spread.P99:0.#} ms (p99), {spread.Max:0.#} ms (longest)");
}
