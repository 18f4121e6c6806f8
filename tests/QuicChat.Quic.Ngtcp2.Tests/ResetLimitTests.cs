using QuicChat.Quic.Ngtcp2.Driver;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

public sealed class ResetLimitTests
{
    [Fact]
    public void A_thousand_resets_are_sent_in_each_second_whatever_arrives()
    {
        var limit = new ResetLimit();
        for (var second = 0; second < 3; second++)
        {
            var sent = Enumerable.Range(0, 50_000).Count(i => limit.TryTake(TimeSpan.FromSeconds(second) + TimeSpan.FromTicks(i * 200)));
            Assert.Equal(ResetLimit.PerSecond, sent);
        }
    }
}
