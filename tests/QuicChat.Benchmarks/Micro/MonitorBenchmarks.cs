using BenchmarkDotNet.Attributes;
using QuicChat.Grains.Migrations;

namespace QuicChat.Benchmarks.Micro;

/// <summary>What the migration monitor does at each tick: the reports of all silos, made and put together.</summary>
[MemoryDiagnoser]
public class MonitorBenchmarks
{
    private readonly GatewaySums _one = GatewaySums.Zero with { Registered = 1 };
    private MigrationCollector[] _collectors = null!;

    /// <summary>Silos, with two gateways each.</summary>
    [Params(1, 10, 100)]
    public int Silos { get; set; }

    [GlobalSetup]
    public void Setup() => _collectors = [.. Enumerable.Range(0, Silos).Select(_ => new MigrationCollector())];

    [Benchmark]
    public long Tick()
    {
        var all = SumsByGateway.Zero;
        for (var i = 0; i < _collectors.Length; i++)
        {
            _collectors[i].Change($"g{2 * i}", GatewaySums.Zero, _one);
            _collectors[i].Change($"g{(2 * i) + 1}", GatewaySums.Zero, _one);
            all = all.Plus(_collectors[i].Report($"silo{i}", "life", 2, 0).Sums.All);
        }

        return all.Sum().Registered;
    }
}
