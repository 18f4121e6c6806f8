using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>Who is in a room over all gateways.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class RoomPresenceTests(ClusterFixture cluster)
{
    private readonly IRoomGrain _room = cluster.Grains.GetGrain<IRoomGrain>(RoutingRoomLog.NewRoom(StoreKind.Memory));

    [Fact]
    public async Task AUserCountsOnceHoweverManyGateways()
    {
        var (one, two, watcher) = (new TestGateway(cluster), new TestGateway(cluster), await WatcherAsync());

        await one.WatchAsync(_room, All(1, 1, "ann", "bob"));
        Assert.Equal("+ann +bob", await ChangesAsync(watcher));
        await two.WatchAsync(_room, All(1, 1, "bob", "carol"));
        Assert.Equal("+carol", await ChangesAsync(watcher));
        await one.WatchAsync(_room, Change(1, 2, [], ["bob", "ann"]));
        Assert.Equal("-ann", await ChangesAsync(watcher));
        await two.WatchAsync(_room, Change(1, 2, ["dora"], ["bob"]));
        Assert.Equal("+dora -bob", await ChangesAsync(watcher));
        await _room.Detach(two.Id);
        Assert.Equal("-carol -dora", await ChangesAsync(watcher));
    }

    [Fact]
    public async Task AChangeThatDoesNotFollowIsNotTakenAndAllThatIsSaidAnewIs()
    {
        var (gateway, watcher) = (new TestGateway(cluster), await WatcherAsync());

        // Nothing is known of this gateway yet.
        Assert.Equal((0, 0), Known(await gateway.WatchAsync(_room, Change(5, 1, ["ann"], []))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room, All(5, 1, "ann", "bob"))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room, Change(5, 3, [], ["ann"]))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room, Change(4, 2, [], ["ann"]))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room, All(4, 9))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room, All(5, 1))));
        Assert.Equal((5, 1), Known(await gateway.WatchAsync(_room)));
        Assert.Equal("+ann +bob", await ChangesAsync(watcher));
        // Who stays is not gone in between.
        Assert.Equal((5, 4), Known(await gateway.WatchAsync(_room, All(5, 4, "bob", "carol"))));
        Assert.Equal("+carol -ann", await ChangesAsync(watcher));
        Assert.Equal((6, 1), Known(await gateway.WatchAsync(_room, All(6, 1, "bob"))));
        Assert.Equal("-carol", await ChangesAsync(watcher));

        static (long Roster, long Number) Known(RoomStanding standing) => (standing.Roster, standing.Number);
    }

    [Fact]
    public async Task AGatewayThatIsNotHeardOfTakesItsUsersAlong()
    {
        var (dying, living, watcher) = (new TestGateway(cluster), new TestGateway(cluster), await WatcherAsync());
        await dying.WatchAsync(_room, All(1, 1, "ann", "bob"));
        await living.WatchAsync(_room, All(1, 1, "bob"));
        Assert.Equal("+ann +bob", await ChangesAsync(watcher));
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        await living.WatchAsync(_room);
        await watcher.WatchAsync(_room);
        Assert.Equal(0, watcher.Presence.Reader.Count);

        // A gateway asks every 2 s, so it is told 12 s after the death at the latest.
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True((await watcher.WatchAsync(_room)).HasPresence);

        Assert.Equal("-ann", await ChangesAsync(watcher));
    }

    [Fact]
    public async Task AnotherActivationAsksForAllAndSaysThatItMayNotKnowAllYet()
    {
        var gateway = new TestGateway(cluster);
        await gateway.WatchAsync(_room, All(1, 1, "ann"));
        var before = await _room.GetPresence(gateway.Id);
        Assert.Equal("ann", Assert.Single(before.Users).UserId);
        Assert.Equal("ann's name", before.Users[0].UserName);

        await cluster.MoveAsync(_room);

        var standing = await gateway.WatchAsync(_room, Change(1, 2, ["bob"], []));
        Assert.Equal((0, 0, false), (standing.Roster, standing.Number, standing.HasPresence));
        await gateway.WatchAsync(_room, All(1, 3, "ann", "bob"));
        var after = await _room.GetPresence(gateway.Id);
        Assert.Equal(standing.Tail.Writer, after.Writer);
        Assert.NotEqual(before.Writer, after.Writer);
        Assert.Equal(["ann", "bob"], after.Users.Select(user => user.UserId).Order());
        Assert.Equal(TimeSpan.FromSeconds(6), after.SettlesIn);
        cluster.Clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.Zero, (await _room.GetPresence(gateway.Id)).SettlesIn);
    }

    [Fact]
    public async Task WhatComesDuringOneTellingGoesWithTheNextOneAndASlowGatewayHoldsNobodyUp()
    {
        var (gateway, slow, quick) = (new TestGateway(cluster), await WatcherAsync(), await WatcherAsync());
        var (release, begun) = (NewSignal(), NewSignal());
        slow.OnPresence = _ =>
        {
            begun.TrySetResult();
            return release.Task;
        };
        await gateway.WatchAsync(_room, All(1, 1, "first"));
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(10));
        for (var number = 2; number <= 101; number++)
        {
            await gateway.WatchAsync(_room, Change(1, number, [.. Enumerable.Range(0, 9).Select(user => $"user-{number}-{user}")], ["first"]));
        }

        var seen = new HashSet<string>();
        while (seen.Count < 900)
        {
            var batch = await quick.NextAsync(quick.Presence, "changes");
            seen.UnionWith(batch.Joined.Select(user => user.UserId).Where(user => user != "first"));
        }

        Assert.Equal(0, slow.Presence.Reader.Count);
        release.SetResult();
        Assert.Equal("+first", await ChangesAsync(slow));
        var rest = await slow.NextAsync(slow.Presence, "all that came meanwhile");
        Assert.Equal((900, 1), (rest.Joined.Length, rest.Left.Length));
        Assert.Equal((1, 902), (rest.From, rest.To));
        Assert.True((await slow.WatchAsync(_room)).HasPresence);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AGatewayThatCouldNotBeToldReadsAgain(bool byOverflow)
    {
        var (gateway, watcher) = (new TestGateway(cluster), await WatcherAsync());
        var (release, begun) = (NewSignal(), NewSignal());
        watcher.OnPresence = _ =>
        {
            begun.TrySetResult();
            return release.Task;
        };
        await gateway.WatchAsync(_room, All(1, 1, "ann"));
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(10));
        if (byOverflow)
        {
            await gateway.WatchAsync(_room, All(1, 2, [.. Enumerable.Range(0, new RoomOptions().PresenceQueueLimit + 1).Select(user => $"{user}")]));
            release.SetResult();
        }
        else
        {
            release.SetException(new TimeoutException("the gateway is gone"));
        }

        // The failure comes back to the room on its own way.
        await cluster.SettleAsync(async () => !(await watcher.WatchAsync(_room)).HasPresence, "the loss of a change");
        watcher.OnPresence = null;
        var read = await _room.GetPresence(watcher.Id);
        Assert.True((await watcher.WatchAsync(_room)).HasPresence);
        while (watcher.Presence.Reader.TryRead(out _))
        {
        }

        await gateway.WatchAsync(_room, Change(1, byOverflow ? 3 : 2, ["bob"], []));
        var batch = await watcher.NextAsync(watcher.Presence, "a change after the reading");
        Assert.Equal((read.Number, read.Number + 1), (batch.From, batch.To));
        Assert.Equal("bob", Assert.Single(batch.Joined).UserId);
    }

    private static RoomMembers All(long roster, long number, params string[] users) => new(roster, number, true, [.. users.Select(User)], []);

    private static RoomMembers Change(long roster, long number, string[] joined, string[] left)
        => new(roster, number, false, [.. joined.Select(User)], [.. left]);

    private static RoomUser User(string userId) => new(userId, $"{userId}'s name");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<string> ChangesAsync(TestGateway gateway)
    {
        var batch = await gateway.NextAsync(gateway.Presence, "a change of who is in the room");
        return string.Join(' ', batch.Joined.Select(user => $"+{user.UserId}").Order().Concat(batch.Left.Select(user => $"-{user}").Order()));
    }

    private async Task<TestGateway> WatcherAsync()
    {
        var watcher = new TestGateway(cluster);
        await watcher.WatchAsync(_room);
        await _room.GetPresence(watcher.Id);
        return watcher;
    }
}
