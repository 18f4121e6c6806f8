using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class GapWatchTests
{
    private readonly List<long> _gaps = [];

    [Fact]
    public void The_interval_under_way_at_the_change_counts_less_the_usual_one()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1050, 2050);
        watch.Arrived(1400);
        watch.Arrived(1500);
        watch.Arrived(2100);

        // 600 from 1500 to 2100, which ends the time watched.
        Assert.Equal([500], _gaps);
    }

    [Fact]
    public void What_comes_after_the_time_watched_counts_no_more()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1050, 1200);
        watch.Arrived(1210);
        watch.Arrived(9000);

        Assert.Equal([110], _gaps);
    }

    [Fact]
    public void A_change_that_follows_ends_the_one_before()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100);
        watch.Watch(1500, 6500);
        watch.Arrived(1700);
        watch.Close(1750);

        Assert.Equal([400, 600], _gaps);
    }

    [Fact]
    public void Silence_up_to_the_end_is_charged()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100);
        watch.Close(4000);

        Assert.Equal([2900], _gaps);
    }

    [Fact]
    public void Where_the_interval_is_not_known_the_mean_before_the_change_is_taken()
    {
        var watch = new GapWatch(0, _gaps.Add);
        watch.Arrived(1000);
        watch.Arrived(1200);
        watch.Arrived(1400);
        watch.Watch(1500, 1600);
        watch.Arrived(2000);

        Assert.Equal([400], _gaps);
    }
}
