using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Storage;
using Orleans.TestingHost;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>Silos die under load, on a real store; not one count may be lost or doubled.</summary>
[Collection(AloneCollection.Name)]
public sealed class ExactCountsTests(ITestOutputHelper output)
{
    private const int Gateways = 4;
    private const int Connections = 2_000;
    private const int Attempts = 20_000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndsWithin = Timeout + TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EndsAfterKillWithin = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource _oneThird = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _twoThirds = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _acknowledged;

    [Fact]
    public async Task TwoOfThreeSilosAndAGatewayDieAndTheTotalsAreThoseAcknowledged()
    {
        Assert.SkipWhen(RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var began = Stopwatch.GetTimestamp();
        using var redis = new RedisProcess();
        await redis.StartAsync();
        await using var store = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        await using var cluster = await DeployAsync(store);
        var monitor = cluster.Client.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        var gateways = Enumerable.Range(1, Gateways).Select(number => new LoadGateway(cluster.Client, $"gw-{number}", seed + number, Count)).ToList();
        await Task.WhenAll(gateways.Select(gateway => gateway.StartAsync(Connections / Gateways)));
        var setAt = Stopwatch.GetTimestamp();
        await monitor.SetTimeout(Timeout);
        Say(began, $"{Connections} connections are registered");

        var running = Task.WhenAll(gateways.Select(gateway => gateway.RunAsync(() => Interlocked.Read(ref _acknowledged) >= Attempts)));
        await ReachedAsync(_oneThird, running);
        var firstKill = await KillAsync(cluster, new Random(seed).Next(3), began);
        await ReachedAsync(_twoThirds, running);
        var secondKill = await KillAsync(cluster, await IndexOfAsync(cluster, monitor), began);

        // A gateway dies meanwhile, so that for its attempts there is nobody but the cluster.
        var victim = gateways[^1];
        await victim.DieAsync();
        var death = Stopwatch.GetTimestamp();
        var victimEnds = WhenEndedAsync(monitor, victim, death);
        Say(began, $"{victim.Id} dies with {victim.Totals.InFlight} attempts in flight, after {Interlocked.Read(ref _acknowledged)} attempts");
        await running.WaitAsync(TimeSpan.FromSeconds(120));
        var living = gateways[..^1];
        await Task.WhenAll(living.Select(gateway => gateway.ResolveAsync())).WaitAsync(TimeSpan.FromSeconds(60));
        Say(began, $"{gateways.Sum(gateway => gateway.Totals.Started)} attempts are acknowledged, in {gateways.Sum(gateway => gateway.Reports)} reports");

        var expected = living.Aggregate(victim.TotalsAfterDeath, (sum, gateway) => sum.Plus(gateway.Totals));
        var stats = await WhenExactAsync(monitor, expected, living.Sum(gateway => gateway.Connections), death);
        Say(began, $"the monitor says {stats.Totals}");
        var victimEndedAfter = await victimEnds;
        Say(began, $"{victim.Id}'s connections had ended {victimEndedAfter.TotalSeconds:F1} s after its death");
        Assert.InRange(victimEndedAfter, TimeSpan.Zero, EndsAfterKillWithin);
        Assert.Equal(expected, stats.Totals with { Ignored = 0 });
        Assert.Empty(stats.Recovering);
        Assert.True(expected.Started >= Attempts);
        Assert.Equal(0, stats.Totals.InFlight);
        Assert.Empty((await monitor.GetMigratingConnections(1_000)).Connections);
        Assert.All(living, gateway => Assert.Equal(gateway.Totals, stats.Gateway(gateway.Id)!.Totals with { Ignored = 0 }));
        Assert.Equal(victim.TotalsAfterDeath, stats.Gateway(victim.Id)!.Totals with { Ignored = 0 });
        Assert.Equal(stats.Totals with { Ignored = 0 }, stats.ByKind.PortOnly.Plus(stats.ByKind.Address).Plus(stats.ByKind.Family));
        Assert.Equal(stats.Totals.Completed, stats.Histogram.Total);
        Assert.Equal(living.Sum(gateway => gateway.Connections), stats.Connections);
        Assert.Equal(0, stats.Gateway(victim.Id)!.Connections);
        Assert.Equal(3, stats.Silos.Length);
        foreach (var user in victim.UnresolvedUsers)
        {
            Assert.Empty(await cluster.Client.GetGrain<IUserGrain>(user).GetConnections());
        }

        Assert.True(gateways.Sum(gateway => gateway.Reports) <= 2 * expected.Started, "More than two reports an attempt.");

        // Those that no kill held up have ended in time, and the others soon after the kill.
        foreach (var (start, end) in living.SelectMany(gateway => gateway.Ended))
        {
            var limit = new[]
            {
                start + Ticks(EndsWithin),
                firstKill < end ? firstKill + Ticks(EndsAfterKillWithin) : 0,
                secondKill < end ? secondKill + Ticks(EndsAfterKillWithin) : 0,
            }.Max();
            Assert.True(end <= limit, $"An attempt ended {Stopwatch.GetElapsedTime(start, end)} after it began.");
        }

        Assert.All(gateways, gateway => Assert.InRange(Stopwatch.GetElapsedTime(setAt, gateway.TimeoutChangedAt), TimeSpan.Zero, TimeSpan.FromSeconds(2)));

        // What is closed leaves nothing behind; what failed may be asked about for a while, and a lost gateway may come back.
        await Task.WhenAll(living.Select(gateway => gateway.CloseAllAsync()));
        var left = await WhenSettledAsync(store, stats.Totals.Failed + victim.Numbered);
        Say(began, $"{left} records are left, of {stats.Totals.Failed} failed and {victim.Numbered} lost connections");
        stats = await monitor.GetMigrationStats();
        Assert.Equal(expected, stats.Totals with { Ignored = 0 });
        Assert.Equal(0, stats.Connections);
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static async Task<InProcessTestCluster> DeployAsync(ConnectionMultiplexer store)
    {
        var builder = new InProcessTestClusterBuilder(3);
        builder.ConfigureClient(client => client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5)));
        builder.ConfigureSilo((_, silo) =>
        {
            var shared = Task.FromResult<(IConnectionMultiplexer, bool)>((store, true));
            silo.Services.AddSingleton<IConnectionMultiplexer>(store);
            silo.Services.Replace(ServiceDescriptor.Singleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>());
            silo.Services.AddRedisGrainStorageAsDefault((RedisStorageOptions options) =>
            {
                options.ConfigurationOptions = ConfigurationOptions.Parse(store.Configuration);
                options.CreateMultiplexer = _ => shared;
                options.DeleteStateOnClear = true;
            });
            silo.Services.AddSingleton<IRoomLog>(new InMemoryRoomLog());
            silo.UseInMemoryReminderService();
            silo.AddQuicChatGrains();
            silo.UseRedisConnectionIndex();
            // As in a silo's own process.
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5));
            silo.Configure<ClusterMembershipOptions>(membership => (membership.ProbeTimeout, membership.NumMissedProbesLimit) = (TimeSpan.FromSeconds(2), 3));
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private static async Task ReachedAsync(TaskCompletionSource mark, Task running)
    {
        if (await Task.WhenAny(mark.Task, running).WaitAsync(TimeSpan.FromSeconds(120)) == running)
        {
            await running;
            throw new InvalidOperationException("The load ended before its time.");
        }
    }

    private static async Task<int> IndexOfAsync(InProcessTestCluster cluster, IMigrationMonitorGrain monitor)
    {
        var address = await cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(monitor);
        return Math.Max(0, cluster.Silos.ToList().FindIndex(silo => silo.SiloAddress.Equals(address)));
    }

    // The monitor answers at once, and its sums change once a second.
    private static async Task<MigrationStats> WhenExactAsync(IMigrationMonitorGrain monitor, MigrationTotals expected, int connections, long diedAt)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        MigrationStats stats;
        do
        {
            await timer.WaitForNextTickAsync();
            stats = await monitor.GetMigrationStats();
        }
        while (((stats.Totals with { Ignored = 0 }) != expected || stats.Connections != connections || !stats.Recovering.IsEmpty)
            && Stopwatch.GetElapsedTime(diedAt) < TimeSpan.FromSeconds(60));
        return stats;
    }

    private static async Task<TimeSpan> WhenEndedAsync(IMigrationMonitorGrain monitor, LoadGateway victim, long diedAt)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        MigrationStatsPart? part;
        do
        {
            await timer.WaitForNextTickAsync();
            part = await AskAsync();
        }
        while ((part is not { Connections: 0 } || (part.Totals with { Ignored = 0 }) != victim.TotalsAfterDeath)
            && Stopwatch.GetElapsedTime(diedAt) < TimeSpan.FromSeconds(60));
        return Stopwatch.GetElapsedTime(diedAt);

        async Task<MigrationStatsPart?> AskAsync()
        {
            try
            {
                return (await monitor.GetMigrationStats()).Gateway(victim.Id);
            }
            catch (Exception error) when (error is TimeoutException or OrleansException)
            {
                // Its silo has just died; it is on its way.
                return null;
            }
        }
    }

    private static async Task<int> WhenSettledAsync(ConnectionMultiplexer store, long expected)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var server = store.GetServers()[0];
        var began = Stopwatch.GetTimestamp();
        int left;
        while ((left = server.Keys(pattern: "*/connection/*", pageSize: 1_000).Count()) != expected)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), $"{left} records were left, not {expected}.");
            await timer.WaitForNextTickAsync();
        }

        return left;
    }

    private async Task<long> KillAsync(InProcessTestCluster cluster, int index, long began)
    {
        var silo = cluster.Silos[index];
        Say(began, $"{silo.Name} dies after {Interlocked.Read(ref _acknowledged)} attempts");
        var killedAt = Stopwatch.GetTimestamp();
        await cluster.KillSiloAsync(silo);
        return killedAt;
    }

    private void Say(long began, string what) => output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s: {what}");

    private void Count(MigrationTotals totals)
    {
        var acknowledged = Interlocked.Add(ref _acknowledged, totals.Started);
        if (acknowledged >= Attempts / 3)
        {
            _oneThird.TrySetResult();
        }

        if (acknowledged >= Attempts * 2 / 3)
        {
            _twoThirds.TrySetResult();
        }
    }
}
