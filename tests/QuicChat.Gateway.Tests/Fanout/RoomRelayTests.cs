using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class RoomRelayTests
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_lost_batch_is_read_from_the_log_when_the_next_one_comes()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.LosesBatches = true;
        grain.Append(3);
        grain.LosesBatches = false;
        grain.Append(1);

        await room.MessagesAsync(1, 4);
        Assert.Equal(1, gateway.Metrics["quicchat.fanout.holes"]);
    }

    [Fact]
    public async Task In_a_large_and_busy_room_messages_are_gathered_for_a_moment_and_the_first_one_goes_at_once()
    {
        var moment = TimeSpan.FromMilliseconds(9);
        await using var gateway = new TestGateway(fanout: options => (options.GatherTimePerMember, options.MaxGatherTime) = (moment / 3, moment));
        var grain = gateway.Cluster.Room("lobby");
        var rooms = new List<TestRoom>();
        for (var i = 0; i < 4; i++)
        {
            rooms.Add(await (await gateway.ConnectAsync($"user-{i}")).JoinAsync("lobby"));
        }

        grain.Append(1);
        foreach (var room in rooms)
        {
            await room.MessagesAsync(1, 1);
        }

        grain.Append(1);
        await gateway.Time.ArmedAsync(moment, moment, "more messages");
        grain.Append(2);
        Assert.All(rooms, room => Assert.True(room.Stream.IsQuiet()));
        gateway.Time.Advance(moment);
        foreach (var room in rooms)
        {
            await room.MessagesAsync(2, 4);
        }

        // After a pause there is nothing to gather for.
        gateway.Time.Advance(moment);
        grain.Append(1);
        await rooms[0].MessagesAsync(5, 5);
    }

    [Fact]
    public async Task In_a_very_large_and_busy_room_members_take_turns()
    {
        var moment = TimeSpan.FromMilliseconds(12);
        await using var gateway = new TestGateway(fanout: options => (options.GatherTimePerMember, options.MaxGatherTime) = (moment, moment));
        var grain = gateway.Cluster.Room("lobby");
        var rooms = new List<TestRoom>();
        for (var i = 0; i < 50; i++)
        {
            rooms.Add(await (await gateway.ConnectAsync($"user-{i}")).JoinAsync("lobby"));
        }

        grain.Append(1);
        foreach (var room in rooms)
        {
            await room.MessagesAsync(1, 1);
        }

        grain.Append(1);
        var turns = rooms.Index().ToLookup(indexed => indexed.Index % 2, indexed => indexed.Item);
        for (var turn = 0; turn < 2; turn++)
        {
            Assert.All(turns[turn], room => Assert.True(room.Stream.IsQuiet()));
            await gateway.Time.ArmedAsync(moment / 2, moment / 2, "a turn");
            gateway.Time.Advance(moment / 2);
            foreach (var room in turns[turn])
            {
                await room.MessagesAsync(2, 2);
            }
        }
    }

    [Fact]
    public async Task A_lost_last_message_shows_at_the_next_renewal()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.LosesBatches = true;
        grain.Append(1);

        await gateway.Time.PassAsync(Renewal, "a renewal");

        await room.MessagesAsync(1, 1);
    }

    [Fact]
    public async Task Batches_may_be_repeated_overlap_and_come_in_any_order()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        grain.LosesBatches = true;
        grain.Append(500);
        for (var i = 0; i < 300; i++)
        {
            var first = random.Next(1, 501);
            grain.Push(first, Math.Min(500, first + random.Next(20)));
        }

        grain.Push(500, 500);

        await room.MessagesAsync(1, 500);
        Assert.True(room.Stream.IsQuiet());
    }

    [Fact]
    public async Task A_hole_is_filled_once_the_room_can_be_read_again()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.Calls.Fail("Read", 2);
        grain.LosesBatches = true;
        grain.Append(2);
        grain.LosesBatches = false;
        grain.Append(1);

        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassBackoffAsync();

        await room.MessagesAsync(1, 3);
    }

    [Fact]
    public async Task One_relay_serves_all_members_and_each_message_is_pushed_once()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var rooms = new List<TestRoom>();
        for (var i = 0; i < 20; i++)
        {
            rooms.Add(await (await gateway.ConnectAsync($"user-{i}")).JoinAsync("lobby"));
        }

        grain.Append(30);

        await Task.WhenAll(rooms.Select(room => room.MessagesAsync(1, 30)));
        Assert.Equal(1, grain.Attached);
        Assert.Equal(30, gateway.Metrics["quicchat.fanout.batch.size"]);
        Assert.Equal(0, gateway.Metrics["quicchat.delivery.replayed"]);
    }

    [Fact]
    public async Task A_message_to_a_thousand_members_crosses_from_the_silo_once()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var rooms = new List<TestRoom>();
        for (var i = 0; i < 1_000; i++)
        {
            rooms.Add(await (await gateway.ConnectAsync($"user-{i}")).JoinAsync("lobby"));
        }

        grain.Append(1);

        await Task.WhenAll(rooms.Select(room => room.MessagesAsync(1, 1)));
        Assert.Equal(1, grain.Deliveries);
        Assert.Equal(0, grain.Calls.Count("Read"));
    }

    [Fact]
    public async Task A_room_without_members_is_given_up_and_taken_up_again()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        room.Stream.Finish();
        await room.Stream.Disposed.Within("the stream's release");

        await gateway.Time.PassAsync(Renewal, "a renewal");
        await grain.Calls.ReachedAsync("Detach", 1);

        grain.Append(3);
        room = await client.JoinAsync("lobby", newest: 2);
        await room.MessagesAsync(2, 3);
        grain.Append(1);
        await room.MessagesAsync(4, 4);
    }

    [Fact]
    public async Task A_room_that_forgot_its_gateways_is_reminded()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        await grain.Detach("gw-test");
        grain.Append(3);

        await gateway.Time.PassAsync(Renewal, "a renewal");
        await room.MessagesAsync(1, 3);
        grain.Append(1);
        await room.MessagesAsync(4, 4);
    }

    [Fact]
    public async Task A_log_that_began_anew_resets_its_streams_and_they_join_again()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var other = await client.JoinAsync("garden");
        grain.Append(5);
        await room.MessagesAsync(1, 5);
        grain.Lose("epoch-2");
        grain.Append(1);

        Assert.Equal(ErrorCode.GoingAway, await room.Stream.ResetAsync());

        room = await client.JoinAsync("lobby", Frames.At("epoch-1", 5), newest: 10);
        Assert.False(room.Joined.Recovered);
        Assert.Equal("epoch-2", room.Joined.Position.Epoch);
        await room.MessagesAsync(1, 1);
        gateway.Cluster.Room("garden").Append(1);
        await other.MessagesAsync(1, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_room_that_moved_to_another_silo_resets_nobody(int stored)
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.Append(stored);
        await room.MessagesAsync(1, (ulong)stored);

        grain.RollBack(0, "writer-2");
        await gateway.Time.PassAsync(Renewal, "a renewal");
        await grain.Calls.ReachedAsync("Attach", 2);
        grain.RollBack(0, "writer-3");
        grain.Append(1);
        await gateway.Time.PassAsync(Renewal, "a renewal");
        grain.Append(1);

        await room.MessagesAsync((ulong)stored + 1, (ulong)stored + 2);
        Assert.Equal(0, gateway.Metrics["quicchat.room.resets{code=GOING_AWAY}"]);
    }

    [Fact]
    public async Task What_another_activation_stored_is_not_taken_before_the_room_has_judged_what_was_seen()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        grain.Append(10);
        await room.MessagesAsync(1, 10);
        var judging = new TaskCompletionSource();
        grain.Calls.Before = method => method == "Attach" ? judging.Task : Task.CompletedTask;

        // 8 to 10 are other messages now, which this gateway has not, and 11 only seems to follow.
        grain.RollBack(3, "writer-2");
        grain.Append(4);
        await gateway.Observer.Deliver(new("lobby", "epoch-1", [grain.Log[^1]], "writer-2"));
        await grain.Calls.ReachedAsync("Attach", 2);
        Assert.Equal(new("epoch-1", 1, 10, "writer-1"), grain.Seen.Last());
        Assert.True(room.Stream.IsQuiet());

        grain.BeginEpoch("epoch-2");
        judging.SetResult();

        Assert.Equal(ErrorCode.GoingAway, await room.Stream.ResetAsync());
        room = await client.JoinAsync("lobby", Frames.At("epoch-1", 10), newest: 4);
        Assert.False(room.Joined.Recovered);
        await room.MessagesAsync(8, 11);
    }

    [Fact]
    public async Task A_late_batch_of_an_old_epoch_changes_nothing()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        grain.Append(1);
        var attached = grain.Calls.Count("Attach");

        grain.Push("epoch-0", 1, 1);
        await grain.Calls.ReachedAsync("Attach", attached + 1);
        grain.Append(1);

        await room.MessagesAsync(1, 2);
    }

    [Fact]
    public async Task A_gateway_that_was_cut_off_for_longer_than_the_log_reaches_resets_its_streams()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        grain.LosesBatches = true;
        grain.Append(20);
        grain.Trim(10);

        await gateway.Time.PassAsync(Renewal, "a renewal");

        Assert.Equal(ErrorCode.SlowConsumer, await room.Stream.ResetAsync());
        room = await client.JoinAsync("lobby", Frames.At("epoch-1", 0), newest: 3);
        Assert.False(room.Joined.Recovered);
        await room.MessagesAsync(18, 20);
    }

    [Fact]
    public async Task Members_that_come_and_go_do_not_drive_messages_out_of_hand()
    {
        // So far away that nothing but the members makes it ask.
        await using var gateway = new TestGateway(fanout: options => options.RenewInterval = TimeSpan.FromHours(1));
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby");
        grain.Append(10);
        await room.MessagesAsync(1, 10);
        for (var i = 0; i < 4; i++)
        {
            var client = await gateway.ConnectAsync($"user-{i}");
            var attached = grain.Calls.Count("Attach");
            await client.JoinAsync("lobby");
            for (var tries = 0; grain.Calls.Count("Attach") == attached; tries++)
            {
                Assert.True(tries < 2_000, $"The room was not told of user-{i}.");
                gateway.Time.Advance(TimeSpan.FromMilliseconds(10));
                await client.PingAsync();
            }
        }

        var late = await (await gateway.ConnectAsync("late")).JoinAsync("lobby", Frames.At("epoch-1", 3));
        await late.MessagesAsync(4, 10);

        Assert.Equal(0, grain.Calls.Count("Read"));
    }

    [Fact]
    public async Task Pushes_for_a_room_without_members_are_ignored_and_counted()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        await grain.Attach("gw-test", gateway.Observer, new(null, null, false));

        grain.Append(2);

        Assert.Equal(2, gateway.Metrics["quicchat.push.ignored{push=batch}"]);
    }
}
