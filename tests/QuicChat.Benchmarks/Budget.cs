using System.Globalization;

namespace QuicChat.Benchmarks;

/// <summary>What a measurement has to meet.</summary>
/// <param name="Limit">The figure.</param>
/// <param name="IsLeast">Whether it is the least; else the most.</param>
/// <param name="IsOfRatio">Whether it is of the ratio to the peer; else of our own figure.</param>
internal sealed record Budget(double Limit, bool IsLeast, bool IsOfRatio)
{
    /// <summary>Ours ÷ the peer's is at least <paramref name="limit"/>.</summary>
    public static Budget RatioAtLeast(double limit) => new(limit, IsLeast: true, IsOfRatio: true);

    /// <summary>Ours ÷ the peer's is at most <paramref name="limit"/>.</summary>
    public static Budget RatioAtMost(double limit) => new(limit, IsLeast: false, IsOfRatio: true);

    /// <summary>Ours is at least <paramref name="limit"/>.</summary>
    public static Budget AtLeast(double limit) => new(limit, IsLeast: true, IsOfRatio: false);

    /// <summary>Ours is at most <paramref name="limit"/>.</summary>
    public static Budget AtMost(double limit) => new(limit, IsLeast: false, IsOfRatio: false);

    /// <inheritdoc />
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{(IsLeast ? "≥" : "≤")} {Limit:0.###}{(IsOfRatio ? " ×" : "")}");
}
