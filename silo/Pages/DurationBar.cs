using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Silo.Pages;

/// <summary>One bar of a distribution of durations.</summary>
/// <param name="UpToMs">The longest duration that counts here, in milliseconds; the shortest is just above the bar before.</param>
/// <param name="Count">How many.</param>
internal sealed record DurationBar(double UpToMs, long Count)
{
    /// <summary>The bars of a histogram, from its first one that counts to its last.</summary>
    public static ImmutableArray<DurationBar> Of(DurationHistogram histogram)
        => [.. histogram.Counts.Select((count, index) => new DurationBar(DurationHistogram.EndMs(histogram.First + index), count))];
}
