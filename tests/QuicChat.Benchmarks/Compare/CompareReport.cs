using QuicChat.Cli.Bench;
using QuicChat.Cli.Report;

namespace QuicChat.Benchmarks.Compare;

/// <summary>The JSON object of the comparison, and the data of its page.</summary>
/// <param name="Command">The command line that led to it.</param>
/// <param name="At">When it was made.</param>
/// <param name="Machine">Where.</param>
/// <param name="Pairs">How often each side of each workload ran.</param>
/// <param name="Quick">Whether trials were shorter and smaller.</param>
/// <param name="Partial">Whether it was ended before its time.</param>
/// <param name="Judged">Whether there were pairs enough to judge a budget by.</param>
/// <param name="Workloads">What was found, by the workloads' keys.</param>
internal sealed record CompareReport(
    string Command,
    DateTimeOffset At,
    Machine Machine,
    int Pairs,
    bool Quick,
    bool Partial,
    bool Judged,
    IReadOnlyDictionary<string, CompareReport.Entry> Workloads)
{
    /// <summary>Of results.</summary>
    public static CompareReport Of(string command, CompareSettings settings, bool isPartial, IEnumerable<WorkloadResult> results) => new(
        command,
        DateTimeOffset.UtcNow,
        Machine.Current(),
        settings.Pairs,
        settings.IsQuick,
        isPartial,
        settings is { IsQuick: false, Pairs: >= CompareSettings.PairsToJudge },
        results.ToDictionary(result => result.Key, Entry.Of));

    /// <summary>A workload.</summary>
    /// <param name="Title">What it does.</param>
    /// <param name="Ours">Of the measurement that stands for it: the median of ours.</param>
    /// <param name="Peer">The peer's.</param>
    /// <param name="Ratio">The median of ours ÷ the peer's.</param>
    /// <param name="Spread">The quartiles of what the budget is about.</param>
    /// <param name="Budget">What it is to keep to.</param>
    /// <param name="Met">Whether all measurements keep to theirs.</param>
    /// <param name="Measures">All of them.</param>
    internal sealed record Entry(
        string Title,
        double? Ours,
        double? Peer,
        double? Ratio,
        IReadOnlyList<double?>? Spread,
        string? Budget,
        bool? Met,
        IReadOnlyList<MeasurementValue> Measures)
    {
        /// <summary>Of a result.</summary>
        public static Entry Of(WorkloadResult result)
        {
            var measures = result.Measurements.Select(MeasurementText.ToValue).ToList();
            var first = measures.FirstOrDefault();
            return new Entry(result.Title, first?.Ours, first?.Peer, first?.Ratio, first?.Spread, first?.Budget, result.Met, measures);
        }
    }
}
