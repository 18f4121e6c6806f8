using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class PresenceTests
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Who_asks_is_told_all_and_then_what_changes()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        grain.Move(["bob", "carol"], []);

        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby", presence: true);

        Assert.Equal("3 = alice bob carol", Text(await room.PresenceAsync()));
        grain.Move(["alice", "dora"], ["bob"]);
        gateway.Time.Advance(PresenceView.Interval);
        Assert.Equal("3 +dora -bob", Text(await room.PresenceAsync()));
        gateway.Time.Advance(PresenceView.Interval);
        grain.Move([], ["dora"]);
        Assert.Equal("2 -dora", Text(await room.PresenceAsync()));
        Assert.Equal(1, grain.Calls.Count("GetPresence"));
    }

    [Fact]
    public async Task Who_does_not_ask_is_told_nothing_and_nothing_is_asked_for()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.Move(["bob"], []);
        await gateway.Time.PassAsync(Renewal, "a renewal");
        await grain.Calls.ReachedAsync("Attach", 2);
        grain.Append(1);

        Assert.Equal(1ul, (await room.Stream.ReceiveAsync("the message"))!.Message.Offset);
        Assert.Equal(0, grain.Calls.Count("GetPresence"));
    }

    [Fact]
    public async Task The_room_is_told_of_users_and_not_of_connections()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync("alice", "phone");
        var first = await client.JoinAsync("lobby");
        var second = await (await gateway.ConnectAsync("alice", "laptop")).JoinAsync("lobby");
        Assert.Equal("1 all +alice", Text(await RosterAsync(gateway, grain, client, 1)));

        await LeaveAsync(first);
        await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        Assert.Equal("2 +bob", Text(await RosterAsync(gateway, grain, client, 2)));

        await LeaveAsync(second);
        Assert.Equal("3 -alice", Text(await RosterAsync(gateway, grain, client, 3)));
    }

    [Fact]
    public async Task A_room_that_lacks_a_change_is_told_all()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync("alice");
        await client.JoinAsync("lobby");
        await RosterAsync(gateway, grain, client, 1);

        // Whether it was taken is not known.
        grain.Calls.Fail("Attach", 1);
        await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        Assert.Equal("3 all +alice +bob", Text(await RosterAsync(gateway, grain, client, 3)));

        // Another activation.
        grain.Forget("writer-2");
        Assert.Equal("4 all +alice +bob", Text(await RosterAsync(gateway, grain, client, 4)));
    }

    [Fact]
    public async Task A_thousand_that_come_at_once_are_few_calls_and_few_frames()
    {
        const int Users = 1_000;
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync("watcher");
        var watcher = await client.JoinAsync("lobby", presence: true);
        Assert.Equal("1 = watcher", Text(await watcher.PresenceAsync()));
        await RosterAsync(gateway, grain, client, 1);
        var frames = 0;
        for (var user = 0; user < Users; user++)
        {
            await (await gateway.ConnectAsync($"user-{user}")).JoinAsync("lobby");
        }

        for (var named = 1; named < PresenceView.MaxNamed; frames++)
        {
            gateway.Time.Advance(PresenceView.Interval);
            named += (await watcher.PresenceAsync()).Joined.Count;
        }

        for (RoomMembers[] told = [.. grain.Rosters]; told.Sum(members => members.Joined.Length) < Users + 1; told = [.. grain.Rosters])
        {
            await RosterAsync(gateway, grain, client, told.Length + 1);
        }

        Assert.InRange(frames, 1, 8);
        Assert.InRange(grain.Rosters.Count, 2, 5);
    }

    [Fact]
    public async Task Of_more_than_a_thousand_the_count_tells_and_a_place_that_becomes_free_is_taken()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        grain.Move(Enumerable.Range(0, 1_500).Select(user => $"user-{user:0000}"), []);
        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby", presence: true);
        var all = await room.PresenceAsync();
        Assert.Equal((1_501u, PresenceView.MaxNamed, true), (all.Members, all.Joined.Count, all.Complete));
        var named = all.Joined.Select(member => member.UserId).ToHashSet();
        Assert.Contains("alice", named);

        gateway.Time.Advance(PresenceView.Interval);
        grain.Move(["another"], []);
        Assert.Equal("1502", Text(await room.PresenceAsync()));
        gateway.Time.Advance(PresenceView.Interval);
        grain.Move([], ["user-0000"]);
        var change = await room.PresenceAsync();
        Assert.Equal((1_501u, "user-0000"), (change.Members, Assert.Single(change.Left).UserId));
        Assert.DoesNotContain(Assert.Single(change.Joined).UserId, named);

        gateway.Time.Advance(PresenceView.Interval);
        grain.Move([], Enumerable.Range(1, 1_499).Select(user => $"user-{user:0000}").ToList());
        change = await room.PresenceAsync();
        Assert.Equal(2u, change.Members);
        named = [.. named, "user-x"];
        Assert.Equal(["another"], change.Joined.Select(member => member.UserId));
    }

    [Fact]
    public async Task What_does_not_fit_one_frame_comes_in_several()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var wide = new string('w', 110);
        grain.Move(Enumerable.Range(0, 900).Select(user => $"{wide}-{user:0000}"), []);
        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby", presence: true);

        var named = 0;
        for (var frames = 0; named < 901; frames++)
        {
            var presence = await room.PresenceAsync();
            Assert.Equal((901u, frames == 0), (presence.Members, presence.Complete));
            Assert.InRange(new ServerFrame { Presence = presence }.CalculateSize(), 1, ProtocolLimits.MaxFrameBytes);
            named += presence.Joined.Count;
        }

        Assert.Equal(901, named);
    }

    [Fact]
    public async Task A_lost_change_is_noticed_by_the_next_one()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby", presence: true);
        Assert.Equal("1 = alice", Text(await room.PresenceAsync()));

        grain.Move(["bob"], [], isLost: true);
        grain.Move(["carol"], []);
        await grain.Calls.ReachedAsync("GetPresence", 2);
        gateway.Time.Advance(PresenceView.Interval);

        Assert.Equal("3 +bob +carol", Text(await room.PresenceAsync()));
    }

    [Fact]
    public async Task A_change_that_overtakes_what_is_read_is_not_lost()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        grain.Move(["bob"], []);
        var answer = new TaskCompletionSource();
        grain.Calls.Before = method => method == "GetPresence" ? answer.Task : Task.CompletedTask;
        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby", presence: true);
        await grain.Calls.ReachedAsync("GetPresence", 1);

        grain.Move(["carol"], ["bob"]);
        grain.Move(["dora"], []);
        answer.SetResult();

        Assert.Equal("3 = alice carol dora", Text(await room.PresenceAsync()));
    }

    [Fact]
    public async Task After_a_silos_death_nobody_leaves_but_who_has_not_been_named_when_all_have_spoken()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        grain.Move(["bob", "carol", "dora"], []);
        var client = await gateway.ConnectAsync("alice");
        var room = await client.JoinAsync("lobby", presence: true);
        Assert.Equal("4 = alice bob carol dora", Text(await room.PresenceAsync()));

        // The new activation knows of carol only so far, then of eve.
        grain.Forget("writer-2");
        grain.SettlesIn = TimeSpan.FromSeconds(6);
        grain.Move(["carol"], []);
        await PassUntilAsync(gateway, client, () => grain.Calls.Count("GetPresence") == 2, () => "the room is asked who is there");
        grain.Move(["eve"], []);
        gateway.Time.Advance(PresenceView.Interval);
        Assert.Equal("5 +eve", Text(await room.PresenceAsync()));

        // Bob's gateway is heard of, dora's is not; eve and carol leave: eve has left, carol may be elsewhere too.
        grain.Move(["bob"], []);
        grain.Move([], ["carol", "eve"]);
        gateway.Time.Advance(PresenceView.Interval);
        Assert.Equal("4 -eve", Text(await room.PresenceAsync()));

        gateway.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("2 -carol -dora", Text(await room.PresenceAsync()));
    }

    [Fact]
    public async Task A_member_that_does_not_read_is_told_all_when_it_does_and_delays_nobody()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var slow = await (await gateway.ConnectAsync("slow", configure: connection => connection.Window = 1_024)).JoinAsync("lobby", presence: true);
        Assert.Equal("1 = slow", Text(await slow.PresenceAsync()));
        var quick = await (await gateway.ConnectAsync("quick")).JoinAsync("lobby", presence: true);
        Assert.Equal("1 = slow", Text(await quick.PresenceAsync()));
        gateway.Time.Advance(PresenceView.Interval);
        Assert.Equal("2 +quick", Text(await quick.PresenceAsync()));
        var count = 2;
        for (var round = 0; round < 50; round++)
        {
            gateway.Time.Advance(PresenceView.Interval);
            grain.Move(Enumerable.Range(0, 10).Select(user => $"user-{round}-{user}"), []);
            for (count += 10; (await quick.PresenceAsync()).Members < count;)
            {
            }
        }

        var told = new HashSet<string> { "slow" };
        Presence presence;
        var frames = 0;
        do
        {
            presence = await slow.PresenceAsync();
            told = presence.Complete ? [] : told;
            told.UnionWith(presence.Joined.Select(member => member.UserId));
            frames++;
        }
        while (presence.Members < count);

        Assert.Equal(count, told.Count);
        Assert.InRange(frames, 1, 20);
    }

    [Fact]
    public async Task A_user_stays_with_a_stream_left_and_is_there_again_with_a_new_one()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync("alice");
        var watcher = await client.JoinAsync("lobby", presence: true);
        Assert.Equal("1 = alice", Text(await watcher.PresenceAsync()));
        await RosterAsync(gateway, grain, client, 1);
        gateway.Time.Advance(PresenceView.Interval);
        var bob = await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        Assert.Equal("2 +bob", Text(await watcher.PresenceAsync()));
        gateway.Time.Advance(PresenceView.Interval);

        // The room names bob as well, so it is the room that says when he has left.
        Assert.Equal("2 +bob", Text(await RosterAsync(gateway, grain, client, 2)));
        grain.Move(["alice", "bob"], []);
        await LeaveAsync(bob);
        Assert.Equal("3 -bob", Text(await RosterAsync(gateway, grain, client, 3)));
        grain.Move([], ["bob"]);

        Assert.Equal("1 -bob", Text(await watcher.PresenceAsync()));
    }

    private static async Task LeaveAsync(TestRoom room)
    {
        room.Stream.Finish();
        await room.Stream.Disposed.Within("the stream's release");
    }

    // Members are told to the room at once, or 50 ms after what was told before.
    private static async Task<RoomMembers> RosterAsync(TestGateway gateway, FakeRoom grain, TestClient client, int count)
    {
        await PassUntilAsync(
            gateway, client, () => grain.Rosters.Count >= count, () => $"the room is told {count} times, and not {grain.Rosters.Count}");
        return grain.Rosters.ElementAt(count - 1);
    }

    // When the gateway looks at the clock is not known here. A round trip gives it the time to come to it.
    private static async Task PassUntilAsync(TestGateway gateway, TestClient client, Func<bool> condition, Func<string> what)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 2_000, $"It did not come about that {what()}.");
            gateway.Time.Advance(TimeSpan.FromMilliseconds(10));
            await client.PingAsync();
        }
    }

    private static string Text(Presence presence)
        => string.Join(' ', [
            .. presence.Complete ? [$"{presence.Members} ="] : new[] { $"{presence.Members}" },
            .. presence.Joined.Select(member => presence.Complete ? member.UserId : $"+{member.UserId}").Order(StringComparer.Ordinal),
            .. presence.Left.Select(member => $"-{member.UserId}").Order(StringComparer.Ordinal),
        ]);

    private static string Text(RoomMembers members)
        => string.Join(' ', [
            members.IsComplete ? $"{members.Number} all" : $"{members.Number}",
            .. members.Joined.Select(user => $"+{user.UserId}").Order(StringComparer.Ordinal),
            .. members.Left.Select(user => $"-{user}").Order(StringComparer.Ordinal),
        ]);
}
