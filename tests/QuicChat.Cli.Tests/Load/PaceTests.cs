using Microsoft.Extensions.Time.Testing;
using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class PaceTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public void The_nth_is_due_at_the_nth_interval_however_many_there_are()
    {
        var pace = new Pace(new FakeTimeProvider(), 0, 3);

        Assert.Equal(TimeSpan.Zero, pace.Due(0));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Due(3));

        // No error adds up.
        Assert.Equal(TimeSpan.FromDays(10), pace.Due(3 * 864_000));
    }

    [Fact]
    public async Task Nothing_comes_before_it_is_due()
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time, time.GetTimestamp(), 10);

        Assert.Equal(TimeSpan.Zero, await pace.UntilAsync(0, Cancellation));
        var second = pace.UntilAsync(1, Cancellation).AsTask();
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), await second);
    }

    [Fact]
    public async Task After_a_standstill_all_that_is_overdue_comes_at_once_and_counts_from_when_it_was_due()
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time, time.GetTimestamp(), 10);
        time.Advance(TimeSpan.FromSeconds(1));

        var lateness = new List<double>();
        for (var index = 0L; index <= 10; index++)
        {
            lateness.Add((TimeSpan.FromSeconds(1) - await pace.UntilAsync(index, Cancellation)).TotalMilliseconds);
        }

        Assert.Equal([1000, 900, 800, 700, 600, 500, 400, 300, 200, 100, 0], lateness);
        Assert.False(pace.UntilAsync(11, Cancellation).IsCompleted);
    }

    [Fact]
    public async Task What_is_cancelled_does_not_come_even_if_it_is_overdue()
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time, time.GetTimestamp(), 10);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pace.UntilAsync(0, new CancellationToken(canceled: true)));
    }
}
