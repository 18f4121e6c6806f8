using QuicChat.Cli.Bench;

namespace QuicChat.Benchmarks;

/// <summary>One thing measured of both in turns.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Ours">The figures of this engine, a pair after the other.</param>
/// <param name="Peer">The peer's; empty where it is not installed.</param>
/// <param name="Budget">What has to be met.</param>
internal sealed record Measurement(string Name, string Unit, IReadOnlyList<double> Ours, IReadOnlyList<double> Peer, Budget? Budget = null)
{
    /// <summary>Ours to the peer's, of each pair.</summary>
    public IReadOnlyList<double> Ratios { get; } = [.. Ours.Zip(Peer, (ours, peer) => ours / peer)];

    /// <summary>Whether it is only looked at what there is, for which too little was measured.</summary>
    public bool IsLook { get; init; }

    /// <summary>
    /// Whether the budget is met; <see langword="null"/> without a budget, without the peer that it is about, or with too few pairs to judge
    /// by.
    /// </summary>
    public bool? Met => Budget is null || IsLook || Judged.Count < CompareSettings.PairsToJudge ? null : Budget.IsMetBy(Judged);

    /// <summary>What the budget is about, a figure a pair: where there is none, the ratios, or ours where there is no peer.</summary>
    public IReadOnlyList<double> Judged => Budget is { IsOfRatio: true } || (Budget is null && Ratios.Count > 0) ? Ratios : Ours;

    /// <summary>The quantile of figures, between two of them where it falls there; there must be one at least.</summary>
    public static double Quantile(IReadOnlyList<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        var position = quantile * (sorted.Length - 1);
        var below = (int)position;
        return below + 1 == sorted.Length ? sorted[below] : sorted[below] + ((position - below) * (sorted[below + 1] - sorted[below]));
    }
}
