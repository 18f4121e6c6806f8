namespace QuicChat.Cli.Demo;

/// <summary>How a set of times is spread, in milliseconds; all 0 for an empty set.</summary>
/// <param name="P50">The median.</param>
/// <param name="P99">99 of 100 are no longer.</param>
/// <param name="Max">The longest.</param>
internal sealed record Spread(double P50, double P99, double Max)
{
    /// <summary>The spread of <paramref name="times"/>, each percentile being the nearest of them at or above it.</summary>
    public static Spread Of(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Select(time => time.TotalMilliseconds).Order().ToList();
        return sorted.Count == 0 ? new Spread(0, 0, 0) : OfMilliseconds(At(50), At(99), sorted[^1]);

        double At(int percent) => sorted[(int)Math.Ceiling(percent / 100.0 * sorted.Count) - 1];
    }

    /// <summary>A spread of known values, with as many digits as mean anything.</summary>
    public static Spread OfMilliseconds(double p50, double p99, double max)
        => new(Math.Round(p50, 1), Math.Round(p99, 1), Math.Round(max, 1));
}
