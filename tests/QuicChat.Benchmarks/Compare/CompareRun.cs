using QuicChat.Benchmarks.Engine;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Compare;

/// <summary>Runs workloads, ours and the peer's in turns A B A B, so that whatever else the machine does is shared by both.</summary>
internal sealed class CompareRun(CompareSettings settings, string logs, Action<string> progress)
{
    private readonly List<WorkloadResult> _results = [];

    /// <summary>What was found so far, workload by workload.</summary>
    public IReadOnlyList<WorkloadResult> Results => _results;

    /// <summary>Whether a trial of ours lost, doubled or reordered messages; its log tells more.</summary>
    public bool HasFaults { get; private set; }

    /// <summary>Runs all that is to be run.</summary>
    /// <exception cref="ToolException">A trial failed.</exception>
    /// <exception cref="BenchmarkException">One of the engine's could not be made.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var workload in Workloads.Create(settings.IsQuick).Where(workload => settings.Includes(workload.Key)))
        {
            await RunAsync(workload, cancellationToken);
        }

        foreach (var key in (string[])[EngineBenchmark.Bulk, EngineBenchmark.Handshakes])
        {
            if (settings.Includes(key))
            {
                var engine = new EngineOptions
                {
                    Pairs = settings.Pairs,
                    Bytes = settings.IsQuick ? 100_000_000 : 300_000_000,
                    Handshakes = settings.IsQuick ? 500 : 2_000,
                    Connections = 0,
                    Only = key,
                };
                var benchmark = new EngineBenchmark(engine, line => progress($"  {line}"));
                try
                {
                    progress($"{key}: {settings.Pairs} {(settings.Pairs == 1 ? "pair" : "pairs")}");
                    await benchmark.RunAsync(cancellationToken);
                }
                finally
                {
                    Add(key, EngineBenchmark.Titles[key], benchmark.Results);
                }
            }
        }
    }

    private async Task RunAsync(Workload workload, CancellationToken cancellationToken)
    {
        var pairs = new List<(Found Ours, Found Peer)>();
        try
        {
            while (pairs.Count < settings.Pairs)
            {
                progress($"{workload.Key}: pair {pairs.Count + 1} of {settings.Pairs}");
                var pair = await RunPairAsync(workload, pairs.Count + 1, cancellationToken);

                // A number that is not there is missed now, and no pair before is lost by it.
                workload.Check(pair);
                pairs.Add(pair);
            }
        }
        finally
        {
            // Whole pairs only: an interrupted run has what it has.
            Add(workload.Key, workload.Title, pairs.Count == 0 ? [] : workload.Measures.Select(measure => measure.Over(pairs)));
        }
    }

    private void Add(string key, string title, IEnumerable<Measurement> measurements)
        => _results.Add(new WorkloadResult(
            key, title, [.. measurements.Select(measurement => measurement with { IsLook = settings.IsQuick })]));

    private async Task<(Found Ours, Found Peer)> RunPairAsync(Workload workload, int pair, CancellationToken cancellationToken)
    {
        var (ours, peer) = (new Found(), new Found());
        for (var i = 0; i < Math.Max(workload.Ours.Count, workload.Peer.Count); i++)
        {
            foreach (var (trials, found) in new[] { (workload.Ours, ours), (workload.Peer, peer) })
            {
                if (i < trials.Count)
                {
                    var trial = trials[i];
                    var options = trial.OptionsAfter(found);
                    progress($"  {trial.Program.Name} {trial.Name}: {trial.Program.Text(options)}");
                    var log = Path.Combine(logs, $"{workload.Key}-{pair}-{trial.Program.Name}-{trial.Name.Replace(' ', '-')}.log");
                    var (result, faults) = await TrialProcess.RunAsync(trial.Program.Command(options), log, cancellationToken);
                    found.Add(trial.Name, result);
                    if (faults is not null)
                    {
                        HasFaults = true;
                        progress(
                            $"  NOT HELD in {workload.Key}, {trial.Name}: {faults}. It counts as it is, and the budget of none is not met; "
                            + $"its log is '{log}'");
                    }
                }
            }
        }

        return (ours, peer);
    }
}
