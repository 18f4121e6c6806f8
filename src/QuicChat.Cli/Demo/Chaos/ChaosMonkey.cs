using System.Diagnostics;
using System.Net;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>Breaks things. Each strike waits until all goes on before it breaks the next thing.</summary>
/// <param name="settings">Where decisions come from.</param>
/// <param name="data">What guests connect with.</param>
/// <param name="stack">Whose processes are killed; they are started again by their supervisor.</param>
/// <param name="clients">Whose paths are broken.</param>
/// <param name="cluster">Where rooms are asked for.</param>
/// <param name="watch">Waits until all goes on again, and measures it.</param>
/// <param name="progress">Is told what is broken.</param>
internal sealed class ChaosMonkey(
    ChaosSettings settings,
    DataFolder data,
    LocalStack stack,
    IReadOnlyList<ChaosClient> clients,
    ClusterConnection cluster,
    RecoveryWatch watch,
    Action<string> progress)
{
    private const int PathRounds = 5;
    private const int StoreDeaths = 3;
    private static readonly TimeSpan PathInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GivingUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Random _random = new(settings.Seed);

    /// <summary>Breaks one kind of thing.</summary>
    /// <returns>How all went on.</returns>
    /// <exception cref="ToolException">It did not.</exception>
    public Task<IReadOnlyList<ChaosReport.Recovery>> StrikeAsync(ChaosFault fault, CancellationToken cancellationToken) => fault switch
    {
        ChaosFault.Paths => BreakPathsAsync(cancellationToken),
        ChaosFault.Gateway => KillGatewaysAsync(cancellationToken),
        ChaosFault.Silo => KillSilosAsync(cancellationToken),
        ChaosFault.Store => KillStoreAsync(cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "It is nothing that strikes."),
    };

    private async Task<IReadOnlyList<ChaosReport.Recovery>> BreakPathsAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; round < PathRounds; round++)
        {
            // In turn a new port, as NATs do it, and a new address, as a change of network does it.
            var address = round % 2 == 0 ? null : IPAddress.Parse($"127.0.0.{_random.Next(2, 255)}");
            progress($"every path changes to a new {(address is null ? "port" : $"port on {address}")}");
            foreach (var client in clients)
            {
                client.Rebind(address);
            }

            await Task.Delay(PathInterval, cancellationToken);
        }

        var changed = await watch.RecoveredAsync("path changes", cancellationToken);
        var third = _random.Next(3);
        var cut = clients.Where((_, number) => number % 3 == third).ToList();
        var usual = await cluster.AskAsync(grains => grains.Monitor().GetTimeout(), cancellationToken);
        await SetTimeoutAsync(ChaosSettings.ShortMigrationTimeout, cancellationToken);
        progress($"{cut.Count} clients lose their network");
        var givenUp = Task.WhenAll(cut.Select(client => client.GivenUpAsync()));
        foreach (var client in cut)
        {
            client.Rebind(null);
            client.Cut(true);
        }

        await givenUp.WaitAsync(GivingUp, cancellationToken);
        foreach (var client in cut)
        {
            client.Cut(false);
        }

        var back = await watch.RecoveredAsync("dead networks", cancellationToken);
        await SetTimeoutAsync(usual, cancellationToken);
        return [changed, back];
    }

    private async Task SetTimeoutAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var version = await cluster.AskAsync(grains => grains.Monitor().SetTimeout(timeout), cancellationToken);
        await Rollout.AwaitAsync(cluster, "time-out", version, cancellationToken);
    }

    private async Task<IReadOnlyList<ChaosReport.Recovery>> KillGatewaysAsync(CancellationToken cancellationToken)
    {
        var recoveries = new List<ChaosReport.Recovery>();
        foreach (var gateway in stack.Running.Gateways.OrderBy(_ => _random.Next()).ToList())
        {
            recoveries.Add(await KillGatewayAsync(gateway, cancellationToken));
        }

        return recoveries;
    }

    private async Task<ChaosReport.Recovery> KillGatewayAsync(RunningGateway gateway, CancellationToken cancellationToken)
    {
        var guests = new List<ChaosGuest>();
        try
        {
            for (var room = 0; room < settings.Rooms; room++)
            {
                guests.Add(await ChaosGuest.StartAsync(
                    $"guest-{room + 1}-of-{gateway.Id}", settings.RoomOf(room), gateway, settings, data, cancellationToken));
            }

            await watch.PresenceAsync(guests, Stopwatch.StartNew(), "guests came", cancellationToken);
            var moved = clients
                .Where(client => client.State is SessionState.Connected connected && connected.GatewayId == gateway.Id)
                .ToList();
            progress($"{moved.Count} clients are on {gateway.Id}, and {guests.Count} guests, who will stay away");
            guests.ForEach(guest => guest.Vanish());
            return await KillAsync(
                gateway.Id,
                gateway.Id,
                () => stack.Running.Gateways.Single(one => one.Id == gateway.Id).Pid,
                what => watch.RecoveredFromGatewayAsync(what, moved, cancellationToken),
                cancellationToken);
        }
        finally
        {
            await Task.WhenAll(guests.Select(guest => guest.DisposeAsync().AsTask()));
        }
    }

    private async Task<IReadOnlyList<ChaosReport.Recovery>> KillSilosAsync(CancellationToken cancellationToken)
    {
        var recoveries = new List<ChaosReport.Recovery>();
        var first = await SiloWithMostRoomsAsync(cancellationToken);
        foreach (var name in stack.Running.Silos.Select(silo => silo.Name).OrderByDescending(name => name == first).ToList())
        {
            recoveries.Add(await KillAsync(
                name,
                name,
                () => stack.Running.Silos.Single(silo => silo.Name == name).Pid,
                what => watch.RecoveredAsync(what, cancellationToken),
                cancellationToken));
        }

        return recoveries;
    }

    private async Task<IReadOnlyList<ChaosReport.Recovery>> KillStoreAsync(CancellationToken cancellationToken)
    {
        var recoveries = new List<ChaosReport.Recovery>();
        for (var death = 1; death <= StoreDeaths; death++)
        {
            recoveries.Add(await KillAsync(
                "the store",
                $"the store, time {death}",
                () => stack.Running.Store!.Pid,
                what => watch.RecoveredAsync(what, cancellationToken),
                cancellationToken));
        }

        return recoveries;
    }

    private async Task<string> SiloWithMostRoomsAsync(CancellationToken cancellationToken)
    {
        var rooms = await cluster.AskAsync(
            async grains => await grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics(), cancellationToken);
        var port = rooms.Where(grain => grain.GrainId.Type.ToString() == "room")
            .GroupBy(grain => grain.SiloAddress.Endpoint.Port)
            .MaxBy(silo => silo.Count())?.Key;
        return (stack.Running.Silos.FirstOrDefault(silo => silo.SiloPort == port) ?? stack.Running.Silos[0]).Name;
    }

    private async Task<ChaosReport.Recovery> KillAsync(
        string name, string what, Func<int> pid, Func<string, Task<ChaosReport.Recovery>> recovered, CancellationToken cancellationToken)
    {
        var killed = pid();
        progress($"kill -9 of {what}");
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill();
        }

        // All may go on without it; the next death must meet a whole stack.
        var restarting = RestartedAsync(name, () => pid() != killed, cancellationToken);
        var recovery = await recovered($"the death of {what}");
        return recovery with { DownSeconds = await restarting };
    }

    private static async Task<double> RestartedAsync(string name, Func<bool> isRestarted, CancellationToken cancellationToken)
    {
        var down = Stopwatch.StartNew();
        while (!isRestarted())
        {
            if (down.Elapsed > RestartPatience)
            {
                throw new ToolException($"{name} has not been started again within {RestartPatience.TotalSeconds:0} s.");
            }

            await Task.Delay(Poll, cancellationToken);
        }

        return Math.Round(down.Elapsed.TotalSeconds, 1);
    }
}
