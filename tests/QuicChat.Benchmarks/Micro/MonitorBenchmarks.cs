using System.Net;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using QuicChat.Grains.Migrations;

namespace QuicChat.Benchmarks.Micro;

/// <summary>
/// What a second brings to the migration monitor: the reports of all silos, with two gateways each, made by their collectors and taken by
/// the monitor, which is then asked for the statistics. Calls between silos and the monitor's write to its store are not in it.
/// </summary>
[MemoryDiagnoser]
public class MonitorBenchmarks
{
    private readonly GatewaySums _one = GatewaySums.Zero with { Registered = 1 };
    private MigrationMonitorGrain _monitor = null!;
    private Silo[] _silos = null!;
    private long _rounds;

    /// <summary>Silos, with two gateways each.</summary>
    [Params(1, 10, 100)]
    public int Silos { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _monitor = new MigrationMonitorGrain(
            new MemoryState<MonitorRecord>(new MonitorRecord { Since = DateTimeOffset.UnixEpoch }),
            new MemoryState<FailedMigrationsRecord>(new FailedMigrationsRecord()),
            index: null!,
            Options.Create(new MigrationOptions()),
            new LivingSilos(),
            TimeProvider.System,
            NullLogger<MigrationMonitorGrain>.Instance);
        _silos =
        [
            .. Enumerable.Range(0, Silos).Select(i => new Silo(
                $"silo{i}", SiloAddress.New(IPAddress.Loopback, 11111 + i, 1).ToParsableString(), new MigrationCollector())),
        ];
    }

    [Benchmark]
    public async Task<long> RoundAsync()
    {
        _rounds++;
        foreach (var silo in _silos)
        {
            silo.Collector.Change($"{silo.Name}-gw1", GatewaySums.Zero, _one);
            silo.Collector.Change($"{silo.Name}-gw2", GatewaySums.Zero, _one);
            await _monitor.Push(silo.Collector.Report(silo.Name, silo.Incarnation, connections: 2, migrating: 0), null!);
        }

        var stats = await _monitor.GetMigrationStats();
        return stats.Silos.Length == Silos && stats.Gateways.Length == 2 * Silos && stats.Connections == 2 * Silos * _rounds
            ? stats.Connections
            : throw new InvalidOperationException($"The monitor counts {stats.Connections} connections on {stats.Silos.Length} silos.");
    }

    private sealed record Silo(string Name, string Incarnation, MigrationCollector Collector);
}
