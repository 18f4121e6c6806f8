using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class GapWatchTests
{
    private readonly List<Gap> _gaps = [];

    [Fact]
    public void The_interval_under_way_at_the_change_counts_less_the_usual_one()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1050, 2050, isShown: false);
        watch.Arrived(1400);
        watch.Arrived(1500);
        watch.Arrived(2100);

        // 600 from 1500 to 2100, which ends the time watched.
        Assert.Equal([500], _gaps.Select(gap => gap.Whole));
    }

    [Fact]
    public void What_comes_after_the_time_watched_counts_no_more()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1050, 1200, isShown: false);
        watch.Arrived(1210);
        watch.Arrived(9000);

        Assert.Equal([110], _gaps.Select(gap => gap.Whole));
    }

    [Fact]
    public void A_change_that_follows_ends_the_one_before()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100, isShown: false);
        watch.Watch(1500, 6500, isShown: false);
        watch.Arrived(1700);
        watch.Close(1750, isBack: false);

        Assert.Equal([400, 600], _gaps.Select(gap => gap.Whole));
    }

    [Fact]
    public void Silence_up_to_the_end_is_charged()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100, isShown: false);
        watch.Close(4000, isBack: false);

        Assert.Equal([2900], _gaps.Select(gap => gap.Whole));
    }

    [Fact]
    public void Where_the_interval_is_not_known_the_mean_before_the_change_is_taken()
    {
        var watch = new GapWatch(0, _gaps.Add);
        watch.Arrived(1000);
        watch.Arrived(1200);
        watch.Arrived(1400);
        watch.Watch(1500, 1600, isShown: false);
        watch.Arrived(2000);

        Assert.Equal([400], _gaps.Select(gap => gap.Whole));
    }

    [Fact]
    public void A_member_that_is_not_back_at_the_end_is_charged_with_all_its_silence_and_told()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100, isShown: false);
        watch.Close(9000, isBack: false);

        Assert.Equal([new Gap(7900, 7900, IsBack: false)], _gaps);
    }

    [Fact]
    public void A_member_that_has_all_at_the_end_is_not_charged_with_the_silence_after_the_last_message()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1100, 6100, isShown: false);
        watch.Arrived(1300);
        watch.Close(9000, isBack: true);

        Assert.Equal([new Gap(200, 200, IsBack: true)], _gaps);
    }

    [Fact]
    public void The_interval_with_the_first_publish_counts_from_there_where_only_that_shows_the_new_address()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Sent(1040);
        watch.Watch(1050, 3050, isShown: false);
        watch.Sent(1600);
        watch.Sent(1800);
        watch.Arrived(1900);

        // Those that follow count whole again.
        watch.Sent(2200);
        watch.Arrived(2350);
        watch.Arrived(3100);

        Assert.Equal([new Gap(800, 650, IsBack: true)], _gaps);
    }

    [Fact]
    public void Arrivals_before_the_first_publish_count_whole()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1050, 1900, isShown: false);
        watch.Arrived(1500);
        watch.Sent(1950);
        watch.Arrived(2000);

        Assert.Equal([new Gap(400, 400, IsBack: true)], _gaps);
    }

    [Fact]
    public void A_change_that_shows_itself_counts_from_there()
    {
        var watch = new GapWatch(100, _gaps.Add);
        watch.Arrived(1000);
        watch.Watch(1300, 1400, isShown: true);
        watch.Sent(1600);
        watch.Arrived(1700);

        Assert.Equal([new Gap(600, 300, IsBack: true)], _gaps);
    }
}
