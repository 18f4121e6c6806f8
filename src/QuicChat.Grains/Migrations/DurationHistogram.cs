using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// How long things took, in buckets that grow by a twelfth of a power of two (6 %), from 0.1 ms to a day. Histograms of several silos add
/// up, which percentiles do not.
/// </summary>
/// <param name="Counts">How many fell into each bucket; shorter where the long ones are empty.</param>
/// <param name="MaxMs">The longest, in milliseconds.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.histogram")]
internal sealed record DurationHistogram([property: Id(0)] ImmutableArray<long> Counts, [property: Id(1)] double MaxMs)
{
    private const int BucketsPerDoubling = 12;
    private const double SmallestMs = 0.1;

    /// <summary>Nothing measured.</summary>
    public static DurationHistogram Empty { get; } = new([], 0);

    /// <summary>One more.</summary>
    public DurationHistogram Plus(TimeSpan duration)
    {
        var ms = duration.TotalMilliseconds;
        var bucket = ms <= SmallestMs ? 0 : (int)Math.Ceiling(Math.Log2(ms / SmallestMs) * BucketsPerDoubling);
        var counts = Grown(bucket + 1);
        return new DurationHistogram(counts.SetItem(bucket, counts[bucket] + 1), Math.Max(MaxMs, ms));
    }

    /// <summary>Both together.</summary>
    public DurationHistogram Plus(DurationHistogram other)
    {
        var counts = Grown(other.Counts.Length).ToBuilder();
        for (var bucket = 0; bucket < other.Counts.Length; bucket++)
        {
            counts[bucket] += other.Counts[bucket];
        }

        return new DurationHistogram(counts.DrainToImmutable(), Math.Max(MaxMs, other.MaxMs));
    }

    /// <summary>Percentiles, each at most 6 % above the true one.</summary>
    public MigrationDurations ToDurations()
    {
        var total = Counts.Sum();
        return new MigrationDurations(
            At(0.50), At(0.90), At(0.99), MaxMs, [.. Counts.Select((count, bucket) => new DurationBucket(UpperBound(bucket), count))]);

        double At(double share)
        {
            var rank = (long)Math.Ceiling(share * total);
            for (var bucket = 0; rank > 0; bucket++)
            {
                rank -= Counts[bucket];
                if (rank <= 0)
                {
                    return Math.Min(MaxMs, UpperBound(bucket));
                }
            }

            return 0;
        }
    }

    private static double UpperBound(int bucket) => SmallestMs * Math.Pow(2, (double)bucket / BucketsPerDoubling);

    private ImmutableArray<long> Grown(int length)
        => Counts.Length >= length ? Counts : [.. Counts, .. Enumerable.Repeat(0L, length - Counts.Length)];
}
