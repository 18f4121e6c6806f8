namespace QuicChat.Benchmarks.Compare;

/// <summary>A number that each pair of a workload finds.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Ours">Takes it from what our trials found.</param>
/// <param name="Peer">Takes it from what the peer's found; <see langword="null"/> where there is none.</param>
/// <param name="Budget">What it is to keep to; <see langword="null"/> where it is only told.</param>
internal sealed record Measure(string Name, string Unit, Func<Found, double> Ours, Func<Found, double>? Peer, Budget? Budget)
{
    /// <summary>A number that both sides find alike.</summary>
    public static Measure OfBoth(string name, string unit, Func<Found, double> read, Budget? budget = null)
        => new(name, unit, read, read, budget);

    /// <summary>A number of ours alone.</summary>
    public static Measure OfOurs(string name, string unit, Func<Found, double> read, Budget? budget = null)
        => new(name, unit, read, null, budget);

    /// <summary>The measure over all pairs.</summary>
    public Measurement Over(IReadOnlyList<(Found Ours, Found Peer)> pairs) => new(
        Name, Unit, [.. pairs.Select(pair => Ours(pair.Ours))], Peer is null ? [] : [.. pairs.Select(pair => Peer(pair.Peer))], Budget);
}
