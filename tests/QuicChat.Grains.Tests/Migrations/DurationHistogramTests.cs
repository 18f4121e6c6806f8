using QuicChat.Abstractions.Migrations;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

public sealed class DurationHistogramTests(ITestOutputHelper output)
{
    [Fact]
    public void AnEmptyOneIsAllZero()
    {
        var durations = DurationHistogram.Empty.ToDurations();

        Assert.Equal((0, 0, 0, 0), (durations.P50, durations.P90, durations.P99, durations.Max));
    }

    [Fact]
    public void PercentilesAreAtMost6PercentTooLarge()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var values = Enumerable.Range(0, 10_000).Select(_ => Math.Exp(random.NextDouble() * 12) * 0.2).Order().ToArray();
        var histogram = values.Aggregate(DurationHistogram.Empty, (sum, ms) => sum.Plus(TimeSpan.FromMilliseconds(ms)));

        var durations = histogram.ToDurations();

        Assert.InRange(durations.P50, values[4_999] * 0.999, values[4_999] * 1.061);
        Assert.InRange(durations.P90, values[8_999] * 0.999, values[8_999] * 1.061);
        Assert.InRange(durations.P99, values[9_899] * 0.999, values[9_899] * 1.061);
        Assert.Equal(values[^1], durations.Max, 0.001);
    }

    [Fact]
    public void TheSumOfTwoIsTheOneOfAll()
    {
        var one = Of(1, 2, 300);
        var two = Of(0, 40_000);

        Assert.Equal(Of(1, 2, 300, 0, 40_000), one.Plus(two));
        Assert.Equal(Of(1, 2, 300, 0, 40_000), two.Plus(one));
        Assert.Equal(Of(), Of().Plus(Of()));
        Assert.Equal(one, Of().Plus(one));
    }

    [Fact]
    public void WhatWasThereBeforeCanBeTakenAway()
    {
        var (earlier, later) = (Of(1, 40_000), Of(0.5, 300));

        var rest = earlier.Plus(later).Minus(earlier);

        Assert.Equal(later.Counts.AsEnumerable(), rest.Counts);
        Assert.Equal(later.First, rest.First);
        Assert.InRange(rest.MaxMs, 300, 300 * 1.061);
        Assert.Equal(Of(), later.Minus(later));
        Assert.Equal(later, later.Minus(Of()));
        Assert.Equal(2, later.Total);
    }

    [Fact]
    public void BucketsHaveEnds()
    {
        var one = Of(300);

        Assert.InRange(300, DurationHistogram.EndMs(one.First - 1), DurationHistogram.EndMs(one.First));
    }

    private static DurationHistogram Of(params double[] milliseconds)
        => milliseconds.Aggregate(DurationHistogram.Empty, (sum, ms) => sum.Plus(TimeSpan.FromMilliseconds(ms)));
}
