using System.Diagnostics;
using System.Net;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>Breaks things. Each strike waits by <paramref name="recovered"/> until all goes on before it breaks the next thing.</summary>
/// <param name="stack">Whose processes are killed; they are started again by their supervisor.</param>
/// <param name="clients">Whose paths are broken.</param>
/// <param name="cluster">Where rooms are asked for.</param>
/// <param name="random">Decides.</param>
/// <param name="progress">Is told what is broken.</param>
/// <param name="recovered">Waits until all goes on again after what was broken just now.</param>
internal sealed class ChaosMonkey(
    LocalStack stack,
    IReadOnlyList<ChaosClient> clients,
    ClusterConnection cluster,
    Random random,
    Action<string> progress,
    Func<string, CancellationToken, Task> recovered)
{
    private const int PathRounds = 5;
    private const int StoreDeaths = 3;
    private static readonly TimeSpan PathInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BadNetwork = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GivingUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    // An honest bad day of a mobile network; a tenth of the round trip in jitter.
    private static readonly LinkConditions Bad = new()
    {
        LossPercent = 5,
        Delay = TimeSpan.FromMilliseconds(30),
        Jitter = TimeSpan.FromMilliseconds(3),
        ReorderPercent = 2,
        DuplicatePercent = 2,
    };

    /// <summary>Breaks one kind of thing.</summary>
    public Task StrikeAsync(ChaosFault fault, CancellationToken cancellationToken) => fault switch
    {
        ChaosFault.Paths => BreakPathsAsync(cancellationToken),
        ChaosFault.Network => BreakNetworkAsync(cancellationToken),
        ChaosFault.Gateway => KillGatewaysAsync(cancellationToken),
        ChaosFault.Silo => KillSilosAsync(cancellationToken),
        _ => KillStoreAsync(cancellationToken),
    };

    private async Task BreakPathsAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; round < PathRounds; round++)
        {
            // In turn a new port, as NATs do it, and a new address, as a change of network does it.
            var address = round % 2 == 0 ? null : IPAddress.Parse($"127.0.0.{random.Next(2, 255)}");
            progress($"every path changes to a new {(address is null ? "port" : $"port on {address}")}");
            foreach (var client in clients)
            {
                client.Rebind(address);
            }

            await Task.Delay(PathInterval, cancellationToken);
        }

        await recovered("path changes", cancellationToken);
        var third = random.Next(3);
        var cut = clients.Where((_, number) => number % 3 == third).ToList();
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

        await recovered("dead networks", cancellationToken);
    }

    private async Task BreakNetworkAsync(CancellationToken cancellationToken)
    {
        progress(FormattableString.Invariant(
            $"for {BadNetwork.TotalSeconds:0} s {Bad.LossPercent} % of the datagrams are lost, {Bad.ReorderPercent} % reordered and {Bad.DuplicatePercent} % duplicated, with {Bad.Delay.TotalMilliseconds:0} ms of delay"));
        foreach (var client in clients)
        {
            client.SetConditions(Bad);
        }

        await Task.Delay(BadNetwork, cancellationToken);
        foreach (var client in clients)
        {
            client.SetConditions(LinkConditions.Unimpaired);
        }

        await recovered("a bad network", cancellationToken);
    }

    private async Task KillGatewaysAsync(CancellationToken cancellationToken)
    {
        foreach (var id in stack.Running.Gateways.Select(gateway => gateway.Id).OrderBy(_ => random.Next()).ToList())
        {
            await KillAsync(id, id, () => stack.Running.Gateways.Single(gateway => gateway.Id == id).Pid, cancellationToken);
        }
    }

    private async Task KillSilosAsync(CancellationToken cancellationToken)
    {
        var first = await SiloWithMostRoomsAsync(cancellationToken);
        foreach (var name in stack.Running.Silos.Select(silo => silo.Name).OrderByDescending(name => name == first).ToList())
        {
            await KillAsync(name, name, () => stack.Running.Silos.Single(silo => silo.Name == name).Pid, cancellationToken);
        }
    }

    private async Task KillStoreAsync(CancellationToken cancellationToken)
    {
        for (var death = 1; death <= StoreDeaths; death++)
        {
            await KillAsync("the store", $"the store, time {death}", () => stack.Running.Store!.Pid, cancellationToken);
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

    private async Task KillAsync(string name, string what, Func<int> pid, CancellationToken cancellationToken)
    {
        var killed = pid();
        progress($"kill -9 of {what}");
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill();
        }

        await recovered($"the death of {what}", cancellationToken);

        // All may go on without it; the next death must meet a whole stack.
        for (var began = Environment.TickCount64; pid() == killed; await Task.Delay(Poll, cancellationToken))
        {
            if (Environment.TickCount64 - began > RestartPatience.TotalMilliseconds)
            {
                throw new ToolException($"{name} has not been started again within {RestartPatience.TotalSeconds:0} s.");
            }
        }
    }
}
