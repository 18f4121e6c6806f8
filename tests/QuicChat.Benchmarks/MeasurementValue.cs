namespace QuicChat.Benchmarks;

/// <summary>A measurement as a JSON object.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Ours">The median of ours.</param>
/// <param name="Peer">The median of the peer's.</param>
/// <param name="Ratio">The median over all pairs of ours ÷ the peer's.</param>
/// <param name="Spread">The quartiles of what the budget is about; without one, of the ratios, or of ours where there is no peer.</param>
/// <param name="Budget">What it is to keep to.</param>
/// <param name="Limit">The same, to reckon with.</param>
/// <param name="Met">Whether it does; <see langword="null"/> where that is not judged.</param>
/// <param name="OursAll">Ours, pair by pair.</param>
/// <param name="PeerAll">The peer's, pair by pair.</param>
/// <param name="RatioAll">The ratios, pair by pair; <see langword="null"/> where the peer's figure is 0.</param>
internal sealed record MeasurementValue(
    string Name,
    string Unit,
    double? Ours,
    double? Peer,
    double? Ratio,
    IReadOnlyList<double?>? Spread,
    string? Budget,
    Budget? Limit,
    bool? Met,
    IReadOnlyList<double?> OursAll,
    IReadOnlyList<double?> PeerAll,
    IReadOnlyList<double?> RatioAll);
