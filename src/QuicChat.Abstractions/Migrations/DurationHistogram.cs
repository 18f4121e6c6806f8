using System.Collections.Immutable;

namespace QuicChat.Abstractions.Migrations;

/// <summary>
/// How long things took, in buckets that grow by a twelfth of a power of two (6 %), from 0.1 ms to a day. Histograms of several silos add
/// up, which percentiles do not.
/// </summary>
/// <param name="First">The bucket that <paramref name="Counts"/> begins with; the shorter ones are empty.</param>
/// <param name="Counts">How many fell into each bucket from there; what is beyond its end is empty.</param>
/// <param name="MaxMs">The longest, in milliseconds.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.histogram")]
public sealed record DurationHistogram(
    [property: Id(0)] int First,
    [property: Id(1)] ImmutableArray<long> Counts,
    [property: Id(2)] double MaxMs)
{
    private const int BucketsPerDoubling = 12;
    private const double SmallestMs = 0.1;

    /// <summary>Nothing measured.</summary>
    public static DurationHistogram Empty { get; } = new(0, [], 0);

    /// <summary>How many were measured.</summary>
    public long Total => Counts.Sum();

    /// <summary>The longest duration that falls into a bucket, in milliseconds; the next one begins there.</summary>
    public static double EndMs(int bucket) => SmallestMs * Math.Pow(2, (double)bucket / BucketsPerDoubling);

    /// <summary>One more.</summary>
    public DurationHistogram Plus(TimeSpan duration)
    {
        var ms = duration.TotalMilliseconds;
        var bucket = ms <= SmallestMs ? 0 : (int)Math.Ceiling(Math.Log2(ms / SmallestMs) * BucketsPerDoubling);
        return Combine(new DurationHistogram(bucket, [1], ms), 1);
    }

    /// <summary>Both together.</summary>
    public DurationHistogram Plus(DurationHistogram other) => Combine(other, 1);

    /// <summary>
    /// What was measured after <paramref name="earlier"/>, a former value of this. The longest is known to a bucket, unless it is among them.
    /// </summary>
    public DurationHistogram Minus(DurationHistogram earlier)
    {
        var rest = Combine(earlier, -1);
        return rest with { MaxMs = rest.Counts.IsEmpty ? 0 : Math.Min(MaxMs, EndMs(rest.First + rest.Counts.Length - 1)) };
    }

    /// <summary>Percentiles, each at most 6 % above the true one.</summary>
    public MigrationDurations ToDurations()
    {
        var total = Total;
        return new MigrationDurations(At(0.50), At(0.90), At(0.99), MaxMs);

        double At(double share)
        {
            var rank = (long)Math.Ceiling(share * total);
            for (var index = 0; rank > 0; index++)
            {
                rank -= Counts[index];
                if (rank <= 0)
                {
                    return Math.Min(MaxMs, EndMs(First + index));
                }
            }

            return 0;
        }
    }

    /// <inheritdoc/>
    public bool Equals(DurationHistogram? other)
        => other is not null && First == other.First && MaxMs == other.MaxMs && Counts.AsSpan().SequenceEqual(other.Counts.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(First, Counts.Length, MaxMs);

    private DurationHistogram Combine(DurationHistogram other, int sign)
    {
        if (other.Counts.IsEmpty)
        {
            return this;
        }

        var first = Counts.IsEmpty ? other.First : Math.Min(First, other.First);
        var end = Math.Max(First + Counts.Length, other.First + other.Counts.Length);
        var counts = new long[end - first];
        for (var index = 0; index < Counts.Length; index++)
        {
            counts[First - first + index] = Counts[index];
        }

        for (var index = 0; index < other.Counts.Length; index++)
        {
            counts[other.First - first + index] += sign * other.Counts[index];
        }

        // One value for what is the same, whatever was added and taken away to come to it.
        var (from, to) = (Array.FindIndex(counts, count => count != 0), Array.FindLastIndex(counts, count => count != 0));
        var max = Math.Max(MaxMs, other.MaxMs);
        return from < 0 ? Empty with { MaxMs = max } : new DurationHistogram(first + from, [.. counts[from..(to + 1)]], max);
    }
}
