namespace QuicChat.Benchmarks.Compare;

/// <summary>What a workload found.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Title">What it does.</param>
/// <param name="Measurements">
/// What was measured, the one that stands for the workload first; none where it was not run to the end of a pair.
/// </param>
internal sealed record WorkloadResult(string Key, string Title, IReadOnlyList<Measurement> Measurements)
{
    /// <summary>Whether all budgets are met; <see langword="null"/> where there is none to judge.</summary>
    public bool? Met => Measurements.All(measurement => measurement.Met is null) ? null : Unmet.Count == 0;

    /// <summary>The names of what was judged and is not met.</summary>
    public IReadOnlyList<string> Unmet
        => [.. Measurements.Where(measurement => measurement.Met == false).Select(measurement => $"{Key} {measurement.Name}")];
}
