using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Limits;

public sealed class TokenBucketTests
{
    private readonly TestTime _time = new();

    [Fact]
    public void A_bucket_gives_its_burst_then_its_rate_and_says_how_long_to_wait()
    {
        var bucket = new TokenBucket(10, 5, _time);
        Assert.Equal(5, Take(bucket));

        Assert.False(bucket.TryTake(out var wait));
        Assert.Equal(100, wait.TotalMilliseconds, 1.0);
        _time.Advance(wait);
        Assert.Equal(1, Take(bucket));

        _time.Advance(TimeSpan.FromMilliseconds(350));
        Assert.Equal(3, Take(bucket));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Take(bucket));
    }

    [Fact]
    public void Who_takes_ahead_of_time_waits_for_each_token_in_turn()
    {
        var bucket = new TokenBucket(10, 2, _time);
        Assert.Equal([0, 0, 100, 200, 300], Enumerable.Range(0, 5).Select(_ => Math.Round(bucket.Take().TotalMilliseconds)));

        _time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.False(bucket.TryTake(out var wait));
        Assert.Equal(150, wait.TotalMilliseconds, 1.0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(777)]
    [InlineData(1_000_000)]
    public void A_bucket_holds_exactly_its_burst_at_any_rate(int rate)
    {
        var bucket = new TokenBucket(rate, 1_000, _time);
        Assert.Equal(1_000, Take(bucket));
    }

    [Fact]
    public async Task Takers_at_once_get_no_more_than_there_is()
    {
        var bucket = new TokenBucket(1, 10_000, _time);
        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Take(bucket))));
        Assert.Equal(10_000, taken.Sum());
    }

    private static int Take(TokenBucket bucket)
    {
        var taken = 0;
        while (bucket.TryTake(out _))
        {
            taken++;
        }

        return taken;
    }
}
