using System.Collections.Immutable;
using HdrHistogram;

namespace QuicChat.Cli.Load;

/// <summary>How times are spread, in milliseconds; all 0 where there were none.</summary>
/// <param name="Count">How many there were.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="P50">The median.</param>
/// <param name="P90">90 of 100 are no longer.</param>
/// <param name="P99">99 of 100.</param>
/// <param name="P999">999 of 1,000.</param>
/// <param name="Max">The longest.</param>
/// <param name="Curve">Points of the percentile curve, denser towards the end.</param>
internal sealed record Distribution(
    long Count, double Mean, double P50, double P90, double P99, double P999, double Max, ImmutableArray<Distribution.Point> Curve)
{
    // From the median to one in a million, three points an order of magnitude.
    private static readonly double[] Percentiles =
    [
        0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.998, 99.999, 99.9999, 100,
    ];

    /// <summary>Of a histogram of microseconds.</summary>
    public static Distribution Of(HistogramBase histogram)
    {
        if (histogram.TotalCount == 0)
        {
            return new Distribution(0, 0, 0, 0, 0, 0, 0, []);
        }

        return new Distribution(
            histogram.TotalCount, Milliseconds(histogram.GetMean()), At(50), At(90), At(99), At(99.9), At(100), [.. Percentiles.Select(percentile => new Point(percentile, At(percentile)))]);

        double At(double percentile) => Milliseconds(histogram.GetValueAtPercentile(percentile));
    }

    /// <summary>Microseconds as milliseconds, with as many digits as mean anything.</summary>
    public static double Milliseconds(double microseconds) => Math.Round(microseconds / 1000, 3);

    /// <summary>A point of the percentile curve.</summary>
    /// <param name="Percentile">Of a hundred times, how many are no longer.</param>
    /// <param name="Ms">Than this, in milliseconds.</param>
    internal sealed record Point(double Percentile, double Ms);
}
