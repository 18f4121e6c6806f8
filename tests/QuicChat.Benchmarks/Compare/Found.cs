using System.Text.Json;

namespace QuicChat.Benchmarks.Compare;

/// <summary>What one side's trials found in one pair, by their names.</summary>
internal sealed class Found
{
    private readonly Dictionary<string, JsonElement> _results = [];

    /// <summary>The names of all trials.</summary>
    public IEnumerable<string> Trials => _results.Keys;

    /// <summary>Adds what a trial found.</summary>
    public void Add(string trial, JsonElement result) => _results.Add(trial, result);

    /// <summary>A number that a trial found, by its path in the trial's JSON object, such as <c>deliveryMs.p99</c>.</summary>
    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    public double Number(string trial, string path)
        => path.Split('.').Aggregate(_results[trial], static (at, name) => at.GetProperty(name)).GetDouble();

    /// <summary>A percentile of times that a trial measured, by their path.</summary>
    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    /// <exception cref="BenchmarkException">There were no such times, which is not the same as short ones.</exception>
    public double Times(string trial, string path, string percentile)
        => Number(trial, $"{path}.count") > 0
            ? Number(trial, $"{path}.{percentile}")
            : throw new BenchmarkException($"the trial '{trial}' measured no {path}, so it has no {percentile}");

    /// <summary>A percentile of what path changes cost some of a trial's clients.</summary>
    /// <exception cref="BenchmarkException">There was no change to measure.</exception>
    public double Gap(string trial, string clients, string percentile) => Times(trial, $"gapMs.{clients}", percentile);

    /// <summary>A number of a step of a trial's ramp.</summary>
    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    public double OfStep(string trial, int connections, string value) => Step(trial, connections).GetProperty(value).GetDouble();

    /// <summary>
    /// What each connection between two steps adds to a kind of process. Where it is nothing or less, the process had it already, and what
    /// a connection costs is not known: that is no number.
    /// </summary>
    public double Slope(string trial, int from, int to, string kind, string value)
        => (AtStep(trial, to, kind, value) - AtStep(trial, from, kind, value)) / (to - from) is var slope && slope > 0 ? slope : double.NaN;

    /// <summary>What a kind of process had at a step of a trial's ramp, over all processes of the kind.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="connections">The step's connections.</param>
    /// <param name="kind">What the names of the processes begin with.</param>
    /// <param name="value">Its name in the report.</param>
    /// <exception cref="KeyNotFoundException">There is no such process.</exception>
    public double AtStep(string trial, int connections, string kind, string value)
        => Sum(Step(trial, connections), kind, value);

    /// <summary>What all processes but the load's own had over a trial's measured time.</summary>
    public double OfServers(string trial, string value) => Sum(_results[trial], "", value) - Sum(_results[trial], "load", value);

    private JsonElement Step(string trial, int connections) => _results[trial].GetProperty("steps").EnumerateArray()
        .Single(step => step.GetProperty("connections").GetInt32() == connections);

    private static double Sum(JsonElement report, string kind, string value)
    {
        var processes = report.GetProperty("processes").EnumerateArray()
            .Where(process => process.GetProperty("name").GetString()!.StartsWith(kind, StringComparison.Ordinal)).ToList();
        return processes.Count > 0
            ? processes.Sum(process => process.GetProperty(value).GetDouble())
            : throw new KeyNotFoundException($"No process is named '{kind}…'.");
    }
}
