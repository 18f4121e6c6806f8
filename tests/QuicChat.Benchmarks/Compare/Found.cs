using System.Text.Json;

namespace QuicChat.Benchmarks.Compare;

/// <summary>What one side's trials found in one pair, by their names.</summary>
internal sealed class Found
{
    private readonly Dictionary<string, JsonElement> _results = [];

    /// <summary>Adds what a trial found.</summary>
    public void Add(string trial, JsonElement result) => _results.Add(trial, result);

    /// <summary>A number that a trial found, by its path in the trial's JSON object, such as <c>deliveryMs.p99</c>.</summary>
    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    public double Number(string trial, string path)
        => path.Split('.').Aggregate(_results[trial], static (at, name) => at.GetProperty(name)).GetDouble();

    /// <summary>A number, over all trials.</summary>
    public double Total(string name) => _results.Values.Sum(result => result.GetProperty(name).GetDouble());

    /// <summary>What a kind of process had at a step of a trial's ramp, over all processes of the kind.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="connections">The step's connections.</param>
    /// <param name="kind">What the names of the processes begin with.</param>
    /// <param name="value">Its name in the report.</param>
    /// <exception cref="KeyNotFoundException">There is no such process.</exception>
    public double AtStep(string trial, int connections, string kind, string value)
    {
        var step = _results[trial].GetProperty("steps").EnumerateArray()
            .Single(step => step.GetProperty("connections").GetInt32() == connections);
        return Sum(step, kind, value);
    }

    /// <summary>What all processes but the load's own had over a trial's measured time.</summary>
    public double OfServers(string trial, string value) => Sum(_results[trial], "", value) - Sum(_results[trial], "load", value);

    private static double Sum(JsonElement report, string kind, string value)
    {
        var processes = report.GetProperty("processes").EnumerateArray()
            .Where(process => process.GetProperty("name").GetString()!.StartsWith(kind, StringComparison.Ordinal)).ToList();
        return processes.Count > 0
            ? processes.Sum(process => process.GetProperty(value).GetDouble())
            : throw new KeyNotFoundException($"No process is named '{kind}…'.");
    }
}
