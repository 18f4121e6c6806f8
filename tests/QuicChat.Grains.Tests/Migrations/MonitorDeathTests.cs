using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Silo;
using QuicChat.Store.Tests;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>The process of the silo that holds the monitor is killed, as <c>kill -9</c> does it.</summary>
[Collection(AloneCollection.Name)]
public sealed class MonitorDeathTests(ITestOutputHelper output)
{
    private const int Connections = 200;
    private const int AttemptsBefore = 1_000;
    private const int AttemptsInAll = 3_000;

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _isTime = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _acknowledged;

    [Fact]
    public async Task TheMonitorAnswersAgainAndNoAcknowledgedCountIsLost()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        var silos = await Task.WhenAll(Enumerable.Range(1, 2).Select(number => SiloProcess.StartAsync(store.ConnectionString, $"silo-{number}", "test")));
        using var client = await SiloProcess.ConnectAsync(store.ConnectionString, "test");
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        var monitor = grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        await using var gateway = new LoadGateway(grains, "gw-1", seed, Count);
        await gateway.StartAsync(Connections);
        await monitor.SetTimeout(TimeSpan.FromSeconds(2));

        var running = gateway.RunAsync(() => Interlocked.Read(ref _acknowledged) >= AttemptsInAll);
        await _isTime.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var address = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(monitor);
        var holder = silos.Single(silo => silo.Ready.GetProperty("siloPort").GetInt32() == address!.Endpoint.Port);
        var before = gateway.Totals;
        holder.Kill();
        var killedAt = Stopwatch.GetTimestamp();

        var first = await AnswerAsync(monitor, _ => true, killedAt);
        output.WriteLine($"{holder.Ready.GetProperty("name")} killed; first answer after {Stopwatch.GetElapsedTime(killedAt).TotalSeconds:F1} s: {first.Totals}");
        await running.WaitAsync(AnswersWithin);
        await gateway.ResolveAsync().WaitAsync(AnswersWithin);
        var last = await AnswerAsync(
            monitor,
            stats => (stats.Totals with { Ignored = 0 }) == gateway.Totals && stats.Connections == gateway.Connections && stats.Recovering.IsEmpty,
            killedAt);
        output.WriteLine($"exact after {Stopwatch.GetElapsedTime(killedAt).TotalSeconds:F1} s: {last.Totals}");

        Assert.True(first.Recovering.Length > 0 || first.Totals.Started >= before.Started, "What is missing must be told.");
        Assert.Empty(last.Recovering);
        Assert.Equal(gateway.Totals, last.Totals with { Ignored = 0 });
        Assert.True(before.Started >= AttemptsBefore && last.Totals.Started >= AttemptsInAll);
        Assert.Equal(gateway.Connections, last.Connections);
        Assert.Equal(TimeSpan.FromSeconds(2), await monitor.GetTimeout());
        foreach (var silo in silos)
        {
            silo.Dispose();
        }
    }

    private static async Task<MigrationStats> AnswerAsync(IMigrationMonitorGrain monitor, Func<MigrationStats, bool> isIt, long killedAt)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            await timer.WaitForNextTickAsync();
            try
            {
                var stats = await monitor.GetMigrationStats();
                if (isIt(stats) || Stopwatch.GetElapsedTime(killedAt) > AnswersWithin)
                {
                    return stats;
                }
            }
            catch (Exception) when (Stopwatch.GetElapsedTime(killedAt) < AnswersWithin)
            {
                // Nobody has noticed the death yet.
            }
        }
    }

    private void Count(MigrationTotals totals)
    {
        if (Interlocked.Add(ref _acknowledged, totals.Started) >= AttemptsBefore)
        {
            _isTime.TrySetResult();
        }
    }
}
