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
/// <param name="Buckets">How many there were of each length.</param>
internal sealed record Distribution(
    long Count,
    double Mean,
    double P50,
    double P90,
    double P99,
    double P999,
    double Max,
    ImmutableArray<Distribution.Point> Curve,
    ImmutableArray<Distribution.Bucket> Buckets)
{
    // From the median to one in a million, three points an order of magnitude.
    private static readonly double[] Percentiles =
    [
        0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.998, 99.999, 99.9999, 100,
    ];

    // From a millisecond to the longest that a client waits for.
    private static readonly double[] Bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

    /// <summary>Of a histogram of microseconds.</summary>
    public static Distribution Of(HistogramBase histogram)
    {
        if (histogram.TotalCount == 0)
        {
            return new Distribution(0, 0, 0, 0, 0, 0, 0, [], []);
        }

        return new Distribution(
            histogram.TotalCount,
            Milliseconds(histogram.GetMean()),
            At(50),
            At(90),
            At(99),
            At(99.9),
            At(100),
            [.. Percentiles.Select(percentile => new Point(percentile, At(percentile)))],
            [.. BucketsOf(histogram)]);

        double At(double percentile) => Milliseconds(histogram.GetValueAtPercentile(percentile));
    }

    private static IEnumerable<Bucket> BucketsOf(HistogramBase histogram)
    {
        var counts = new long[Bounds.Length];
        foreach (var value in histogram.RecordedValues())
        {
            var index = Array.FindIndex(Bounds, bound => value.ValueIteratedTo <= bound * 1000);
            counts[index < 0 ? ^1 : index] += value.CountAtValueIteratedTo;
        }

        return Bounds.Zip(counts, (bound, count) => new Bucket(bound, count));
    }

    /// <summary>Microseconds as milliseconds, with as many digits as mean anything.</summary>
    public static double Milliseconds(double microseconds) => Math.Round(microseconds / 1000, 3);

    /// <summary>How many times were as long as that.</summary>
    /// <param name="UpToMs">
    /// No longer than this, in milliseconds, and longer than the bucket before; the last one holds all that are longer, too.
    /// </param>
    /// <param name="Count">How many.</param>
    internal sealed record Bucket(double UpToMs, long Count);

    /// <summary>A point of the percentile curve.</summary>
    /// <param name="Percentile">Of a hundred times, how many are no longer.</param>
    /// <param name="Ms">Than this, in milliseconds.</param>
    internal sealed record Point(double Percentile, double Ms);
}
