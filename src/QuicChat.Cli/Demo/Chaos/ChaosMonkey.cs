using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
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

    private readonly Random _random = new(settings.Seed);

    /// <summary>Breaks one kind of thing.</summary>
    /// <returns>How all went on, after each blow.</returns>
    /// <exception cref="ToolException">It did not.</exception>
    public IAsyncEnumerable<ChaosReport.Recovery> StrikeAsync(ChaosFault fault, CancellationToken cancellationToken) => fault switch
    {
        ChaosFault.Paths => BreakPathsAsync(cancellationToken),
        ChaosFault.Gateway => KillGatewaysAsync(cancellationToken),
        ChaosFault.Silo => KillSilosAsync(cancellationToken),
        ChaosFault.Store => KillStoreAsync(cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "It is nothing that strikes."),
    };

    private async IAsyncEnumerable<ChaosReport.Recovery> BreakPathsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
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

        yield return await watch.RecoveredAsync("path changes", cancellationToken);
        var third = _random.Next(3);
        var cut = clients.Where((_, number) => number % 3 == third).ToList();
        var usual = await cluster.AskAsync(grains => grains.Monitor().GetTimeout(), cancellationToken);
        await SetTimeoutAsync(ChaosSettings.ShortMigrationTimeout, cancellationToken);
        await CutAsync(cut, cancellationToken);
        yield return await watch.RecoveredAsync("dead networks", cancellationToken);
        await SetTimeoutAsync(usual, cancellationToken);
    }

    private async Task CutAsync(IReadOnlyList<ChaosClient> cut, CancellationToken cancellationToken)
    {
        progress($"{cut.Count} clients lose their network");
        var givenUp = cut.Select(client => (client.Name, Task: client.GivenUpAsync())).ToList();
        foreach (var client in cut)
        {
            client.Rebind(null);
            client.Cut(true);
        }

        try
        {
            await Task.WhenAll(givenUp.Select(client => client.Task)).WaitAsync(GivingUp, cancellationToken);
        }
        catch (TimeoutException e)
        {
            var late = string.Join(", ", givenUp.Where(client => !client.Task.IsCompleted).Select(client => client.Name));
            throw new ToolException(
                $"{late}: no dead path given up by MIGRATION_FAILED within {GivingUp.TotalSeconds:0} s; seed {settings.Seed}.", e);
        }
        finally
        {
            foreach (var client in cut)
            {
                client.Cut(false);
            }
        }
    }

    private async Task SetTimeoutAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var version = await cluster.AskAsync(grains => grains.Monitor().SetTimeout(timeout), cancellationToken);
        await Rollout.AwaitAsync(cluster, "time-out", version, cancellationToken);
    }

    private async IAsyncEnumerable<ChaosReport.Recovery> KillGatewaysAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var gateway in stack.Running.Gateways.OrderBy(_ => _random.Next()).ToList())
        {
            yield return await KillGatewayAsync(gateway, cancellationToken);
        }
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
                (what, token) => watch.RecoveredFromGatewayAsync(what, moved, token),
                cancellationToken);
        }
        finally
        {
            await Task.WhenAll(guests.Select(guest => guest.DisposeAsync().AsTask()));
        }
    }

    private async IAsyncEnumerable<ChaosReport.Recovery> KillSilosAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = await SiloWithMostRoomsAsync(cancellationToken);
        foreach (var name in stack.Running.Silos.Select(silo => silo.Name).OrderByDescending(name => name == first).ToList())
        {
            yield return await KillAsync(
                name,
                name,
                () => stack.Running.Silos.Single(silo => silo.Name == name).Pid,
                watch.RecoveredAsync,
                cancellationToken);
        }
    }

    private async IAsyncEnumerable<ChaosReport.Recovery> KillStoreAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var death = 1; death <= StoreDeaths; death++)
        {
            yield return await KillAsync(
                "the store",
                $"the store, time {death}",
                () => stack.Running.Store!.Pid,
                watch.RecoveredAsync,
                cancellationToken);
        }
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
        string name,
        string what,
        Func<int> pid,
        Func<string, CancellationToken, Task<ChaosReport.Recovery>> recovered,
        CancellationToken cancellationToken)
    {
        var killed = pid();
        progress($"kill -9 of {what}");
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill();
        }

        // All may go on without it; the next death must meet a whole stack.
        var (recovery, down) = await Together.RunAsync(
            token => recovered($"the death of {what}", token),
            token => RestartedAsync(name, () => pid() != killed, token),
            cancellationToken);
        return recovery with { DownSeconds = down };
    }

    private async Task<double> RestartedAsync(string name, Func<bool> isRestarted, CancellationToken cancellationToken)
    {
        var down = Stopwatch.StartNew();
        while (!isRestarted())
        {
            if (down.Elapsed > RestartPatience)
            {
                throw new ToolException(
                    $"{name} has not been started again within {RestartPatience.TotalSeconds:0} s; seed {settings.Seed}.");
            }

            await Task.Delay(ChaosSettings.Poll, cancellationToken);
        }

        return Math.Round(down.Elapsed.TotalSeconds, 1);
    }
}
