using System.Globalization;

namespace QuicChat.Benchmarks;

/// <summary>What a measurement has to meet.</summary>
/// <param name="Limit">The figure.</param>
/// <param name="IsLeast">Whether it is the least; else the most.</param>
/// <param name="IsOfRatio">Whether it is of the ratio to the peer; else of our own figure.</param>
/// <param name="IsOfEach">Whether every pair has to meet it; else the worse quartile.</param>
internal sealed record Budget(double Limit, bool IsLeast, bool IsOfRatio, bool IsOfEach = false)
{
    /// <summary>Ours ÷ the peer's is at least <paramref name="limit"/>.</summary>
    public static Budget RatioAtLeast(double limit) => new(limit, IsLeast: true, IsOfRatio: true);

    /// <summary>Ours ÷ the peer's is at most <paramref name="limit"/>.</summary>
    public static Budget RatioAtMost(double limit) => new(limit, IsLeast: false, IsOfRatio: true);

    /// <summary>Ours is at least <paramref name="limit"/>.</summary>
    public static Budget AtLeast(double limit) => new(limit, IsLeast: true, IsOfRatio: false);

    /// <summary>Ours is at most <paramref name="limit"/>.</summary>
    public static Budget AtMost(double limit) => new(limit, IsLeast: false, IsOfRatio: false);

    /// <summary>Ours is at most <paramref name="limit"/>, in every pair: for what must never be.</summary>
    public static Budget NeverAbove(double limit) => new(limit, IsLeast: false, IsOfRatio: false, IsOfEach: true);

    /// <summary>Whether figures meet it, one a pair, of which there must be one at least. A figure that is none meets nothing.</summary>
    public bool IsMetBy(IReadOnlyList<double> figures)
    {
        if (!figures.All(double.IsFinite))
        {
            return false;
        }

        var share = IsOfEach ? 0 : 0.25;
        return IsLeast ? Measurement.Quantile(figures, share) >= Limit : Measurement.Quantile(figures, 1 - share) <= Limit;
    }

    /// <inheritdoc />
    public override string ToString()
        => string.Create(
            CultureInfo.InvariantCulture, $"{(IsLeast ? "≥" : "≤")} {Limit:0.###}{(IsOfRatio ? " ×" : "")}{(IsOfEach ? ", always" : "")}");
}
