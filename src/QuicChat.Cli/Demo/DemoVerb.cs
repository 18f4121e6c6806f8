using System.Collections.Immutable;
using System.CommandLine;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Demo.Chaos;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;
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
    private readonly Option<bool> _active = new("--active")
    {
        Description = "The clients move by their own will, between 127.0.0.1, 127.0.0.2 and ::1, in place of a network that changes.",
    };
    private readonly Option<bool> _cross = new("--cross")
    {
        Description = "Each new path leads to another gateway than the one before; needs two --gateways.",
    };
    private readonly NetworkOptions _network = new();
    private readonly Option<int?> _seed = Choice.NumberOrNone(
        "--seed", 0, int.MaxValue, "Repeats the times of path changes and the network's decisions of an earlier run.");
    private readonly Option<QuicEngineKind> _engine = EngineOption.Create();
    private readonly Option<int> _silos = Choice.Number("--silos", 1, 1, 16, "How many silos to start.");
    private readonly Option<int> _gateways = Choice.Number("--gateways", 1, 1, 16, "How many gateways to start.");
    private readonly Option<ImmutableArray<ChaosFault>> _chaos = ChaosOption.Create();
    private readonly Option<bool> _redis = new("--redis-server")
    {
        Description = "Starts redis-server, which must be installed, in place of the built-in store.",
    };

    /// <summary>Defines the verb.</summary>
    public DemoVerb()
        : base(
            "demo",
            "Starts a stack of its own, chats while every client's path changes again and again, and checks every message at every member.",
            "./quicchat demo",
            "./quicchat demo --clients 40 --rebinds 5 --json",
            "./quicchat demo --active",
            "./quicchat demo --gateways 2 --cross",
            "./quicchat demo --loss 2% --delay 20ms --reorder 1%",
            "./quicchat demo --chaos all",
            "./quicchat demo --chaos gateway,store --redis-server --json")
        => AddOptions([_clients, _rooms, _rebinds, _seconds, _active, _cross, .. _network.All, _seed, _engine, _silos, _gateways, _chaos, _redis]);

    /// <inheritdoc />
    protected override string DataDescription => "A new directory for the stack, to keep. Without it a temporary one, deleted at the end.";

    /// <inheritdoc />
    protected override Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
        => parsed.GetValue(_chaos).IsEmpty ? MoveAsync(parsed, context, cancellationToken) : BreakAsync(parsed, context, cancellationToken);

    private async Task<int> MoveAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var settings = new DemoSettings(
            parsed.GetValue(_clients),
            parsed.GetValue(_rooms),
            parsed.GetValue(_rebinds),
            TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            _network.Read(parsed),
            parsed.GetValue(_active) ? PathChanges.Active : parsed.GetValue(_cross) ? PathChanges.Cross : PathChanges.Rebinding,
            parsed.GetValue(_seed) ?? Random.Shared.Next(),
            parsed.GetValue(_engine));
        if (settings.Changes == PathChanges.Active && (settings.Network != LinkConditions.Unimpaired || parsed.GetValue(_cross)))
        {
            throw new UsageException(
                "--active: the clients have no network between them and the gateway that could lose anything or lead elsewhere; leave one of the two away");
        }

        if (settings.Changes == PathChanges.Cross && parsed.GetValue(_gateways) < 2)
        {
            throw new UsageException("--cross: each new path leads to another gateway; give at least --gateways 2");
        }

        Check(settings);
        var report = await OwnFolder.WithAsync("demo", IsDataGiven(parsed) ? context.Data : null, async data =>
        {
            var plan = Plan(parsed, parsed.GetValue(_silos), parsed.GetValue(_gateways));
            await using var stack = await LocalStack.StartAsync(plan, data, context.Progress, cancellationToken);
            return await RunAsync(settings, data, stack.Running, context, cancellationToken);
        });
        return Tell(report, context);
    }

    private async Task<int> BreakAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        foreach (var option in (Option[])[_rebinds, _active, _cross])
        {
            if (IsGiven(option))
            {
                throw new UsageException($"{option.Name}: --chaos paths decides how paths change; leave it away");
            }
        }

        var faults = parsed.GetValue(_chaos);
        var network = _network.Read(parsed);
        var settings = new ChaosSettings(
            IsGiven(_clients) ? parsed.GetValue(_clients) : 20,
            IsGiven(_rooms) ? parsed.GetValue(_rooms) : 4,
            faults,
            TimeSpan.FromSeconds(IsGiven(_seconds) ? parsed.GetValue(_seconds) : 10),
            faults.Contains(ChaosFault.Network) && network == LinkConditions.Unimpaired ? ChaosSettings.BadNetwork : network,
            parsed.GetValue(_seed) ?? Random.Shared.Next(),
            parsed.GetValue(_engine));
        var plan = Plan(parsed, IsGiven(_silos) ? parsed.GetValue(_silos) : 2, IsGiven(_gateways) ? parsed.GetValue(_gateways) : 2);
        return await OwnFolder.WithAsync(
            "demo", IsDataGiven(parsed) ? context.Data : null, data => ChaosDemo.RunAsync(settings, plan, data, context, cancellationToken));

        // What is not given is what a cluster needs to lose a part.
        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    private StackPlan Plan(ParseResult parsed, int silos, int gateways) => new()
    {
        Silos = silos,
        Gateways = gateways,
        WebPort = 0,
        Engine = parsed.GetValue(_engine),
        OwnRedis = parsed.GetValue(_redis),
    };

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
