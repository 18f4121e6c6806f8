using QuicChat.Abstractions.Sessions;
using QuicChat.Grains.Sessions;
using QuicChat.Grains.Tests.Cluster;
using Xunit;

namespace QuicChat.Grains.Tests.Sessions;

[Collection(ClusterFixture.Serial)]
public sealed class SessionKeyGrainTests(ClusterFixture cluster)
{
    // A cluster of its own, as it were.
    private readonly ISessionKeyGrain _grain = cluster.Grains.GetGrain<ISessionKeyGrain>(Guid.NewGuid().ToString());

    [Fact]
    public async Task KeysAreMadeOnceAndOutliveTheirGrain()
    {
        var keys = await _grain.GetKeys();
        Assert.Equal(SessionKey.SecretLength, keys.Current.Secret.Length);
        Assert.Null(keys.Previous);

        await cluster.MoveAsync(_grain);

        AssertSame(keys.Current, (await _grain.GetKeys()).Current);
        Assert.Equal(1, cluster.Storage.WritesOf(_grain.GetGrainId()));
    }

    [Fact]
    public async Task AKeyIsReplacedAfterSevenDaysAndStaysOneTermMore()
    {
        var first = (await _grain.GetKeys()).Current;
        cluster.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        AssertSame(first, (await _grain.GetKeys()).Current);

        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await _grain.GetKeys();
        Assert.NotEqual(first.Id, second.Current.Id);
        Assert.False(first.Secret.SequenceEqual(second.Current.Secret));
        AssertSame(first, second.Previous);
        AssertSame(first, second.Find(first.Id));

        cluster.Clock.Advance(TimeSpan.FromDays(7));
        var third = await _grain.GetKeys();
        AssertSame(second.Current, third.Previous);
        Assert.Null(third.Find(first.Id));
    }

    [Fact]
    public void AKeyIsNeverShownAndATermMustOutlastTokens()
    {
        Assert.Equal("session key 00000000000000ff", new SessionKey(255, [1, 2, 3]).ToString());
        Assert.True(new SessionKeyOptionsValidator().Validate(null, new SessionKeyOptions()).Succeeded);
        Assert.True(new SessionKeyOptionsValidator().Validate(null, new SessionKeyOptions { RotateAfter = TimeSpan.FromDays(6) }).Failed);
    }

    private static void AssertSame(SessionKey expected, SessionKey? actual)
    {
        Assert.Equal(expected.Id, actual!.Id);
        Assert.Equal(expected.Secret.AsSpan(), actual.Secret.AsSpan());
    }
}
