using QuicChat.Cli.Demo;

namespace QuicChat.Cli.Tests.Demo;

public sealed class GapMeterTests
{
    private readonly GapMeter _meter = new();

    [Fact]
    public void A_change_that_costs_nothing_has_no_gap()
    {
        Arrive(0, 20_000, every: 50);
        _meter.PathChanged(Time(10_010));

        Assert.Equal([TimeSpan.Zero], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void The_gap_is_the_longest_time_between_arrivals_less_the_usual_interval()
    {
        Arrive(0, 10_000, every: 50);
        _meter.PathChanged(Time(10_010));
        Arrive(10_250, 20_000, every: 50);

        Assert.Equal([Time(200)], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void A_silence_anywhere_in_the_5_seconds_counts_up_to_the_arrival_that_ends_it()
    {
        Arrive(0, 14_000, every: 100);
        _meter.PathChanged(Time(10_000));
        Arrive(16_000, 20_000, every: 100);

        Assert.Equal([Time(1900)], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void A_silence_that_begins_later_than_5_seconds_after_is_not_the_changes()
    {
        Arrive(0, 15_100, every: 100);
        _meter.PathChanged(Time(10_000));
        Arrive(18_000, 20_000, every: 100);

        Assert.Equal([TimeSpan.Zero], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void A_client_that_hears_nothing_more_is_charged_with_all_the_time_to_the_end()
    {
        Arrive(0, 10_000, every: 100);
        _meter.PathChanged(Time(10_000));

        Assert.Equal([Time(9_900)], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void A_client_that_never_heard_anything_is_charged_from_the_change_on()
    {
        _meter.PathChanged(Time(1_000));

        Assert.Equal([Time(3_000)], _meter.Gaps(Time(4_000)));
    }

    [Fact]
    public void Each_change_is_charged_with_the_silence_before_the_next_one()
    {
        Arrive(0, 10_000, every: 100);
        _meter.PathChanged(Time(10_050));
        Arrive(10_500, 12_000, every: 100);
        _meter.PathChanged(Time(12_050));
        Arrive(13_000, 20_000, every: 100);

        Assert.Equal([Time(400), Time(900)], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void A_silence_that_two_changes_share_is_charged_to_the_first_up_to_the_second_and_to_that_whole()
    {
        Arrive(0, 10_000, every: 100);
        _meter.PathChanged(Time(10_050));
        _meter.PathChanged(Time(10_500));
        Arrive(11_000, 20_000, every: 100);

        Assert.Equal([Time(400), Time(900)], _meter.Gaps(Time(20_000)));
    }

    [Fact]
    public void The_last_gap_is_told_while_it_grows()
    {
        Assert.Null(_meter.LastGap(Time(0)));

        Arrive(0, 10_000, every: 100);
        _meter.PathChanged(Time(10_050));

        Assert.Equal(Time(400), _meter.LastGap(Time(10_500)));
        Arrive(11_000, 12_000, every: 100);
        Assert.Equal(Time(900), _meter.LastGap(Time(12_000)));
    }

    [Fact]
    public void A_spread_takes_the_nearest_value_at_or_above()
    {
        Assert.Equal(new Spread(0, 0, 0), Spread.Of([]));
        Assert.Equal(new Spread(7, 7, 7), Spread.Of([Time(7)]));
        Assert.Equal(new Spread(50, 99, 100), Spread.Of(Enumerable.Range(1, 100).Reverse().Select(ms => Time(ms))));
    }

    private static TimeSpan Time(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private void Arrive(int from, int to, int every)
    {
        for (var at = from; at <= to; at += every)
        {
            _meter.Arrived(Time(at));
        }
    }
}
