using QuicChat.Benchmarks.Compare;
using QuicChat.Cli.Bench;

namespace QuicChat.Benchmarks.Tests;

/// <summary>A comparison of made-up numbers.</summary>
internal static class SampleComparison
{
    /// <summary>Makes one of all workloads, of which the last has no peer.</summary>
    public static CompareReport Of(int pairs, bool isPartial = false)
    {
        var random = new Random(1);
        var results = Workloads.Create(isQuick: false).Select(workload =>
        {
            var found = Enumerable.Range(0, pairs).Select(_ => SamplePair.Of(workload, random)).ToList();
            return new WorkloadResult(workload.Key, workload.Title, [.. workload.Measures.Select(measure => measure.Over(found))]);
        });
        var bulk = new Measurement("bulk", "MB/s", Figures(), Figures(), Budget.RatioAtLeast(0.9));
        var handshakes = new Measurement("handshakes", "1/s of CPU", Figures(), [], Budget.AtLeast(1500));
        return CompareReport.Of(
            "./quicchat bench compare --json",
            new CompareSettings(pairs, IsQuick: false, []),
            isPartial,
            [.. results, new WorkloadResult("bulk", "Bulk", [bulk]), new WorkloadResult("handshakes", "Handshakes", [handshakes])]);

        List<double> Figures() => [.. Enumerable.Range(0, pairs).Select(_ => 1600 + (200 * random.NextDouble()))];
    }
}
