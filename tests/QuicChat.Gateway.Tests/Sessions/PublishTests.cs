using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class PublishTests
{
    [Fact]
    public async Task A_repeated_message_is_acknowledged_with_its_old_offset()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        var first = await room.AckAsync();
        await room.PublishAsync(1, "one");

        Assert.Equal(first, await room.AckAsync());
        Assert.Single(gateway.Cluster.Room("lobby").Log);
        Assert.Equal(1, gateway.Metrics["quicchat.delivery.deduplicated"]);
    }

    [Fact]
    public async Task Messages_that_come_during_a_call_go_with_the_next_one_in_their_order()
    {
        await using var gateway = new TestGateway();
        var alice = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby");
        var bob = await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var first = new TaskCompletionSource();
        var held = 1;
        grain.Calls.Before = method => method == "PublishAll" && held-- > 0 ? first.Task : Task.CompletedTask;

        await alice.PublishAsync(1, "a1");
        await grain.Calls.ReachedAsync("PublishAll", 1);
        await alice.PublishAsync(2, "a2");
        await alice.PublishAsync(3, "a3");
        await bob.PublishAsync(1, "b1");
        await gateway.Metrics.ReachedAsync("quicchat.delivery.published", 4);
        first.SetResult();

        for (var seq = 1ul; seq <= 3; seq++)
        {
            Assert.Equal(seq, (await alice.AckAsync()).ClientSeq);
        }

        Assert.Equal(1ul, (await bob.AckAsync()).ClientSeq);
        Assert.Equal([1, 3], grain.Batches);
    }

    [Fact]
    public async Task Who_joins_again_is_told_what_is_stored_after_the_call_that_was_under_way()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var held = new TaskCompletionSource();
        grain.Calls.Before = method => method == "PublishAll" ? held.Task : Task.CompletedTask;
        await room.PublishAsync(1, "one");
        await grain.Calls.ReachedAsync("PublishAll", 1);
        await room.PublishAsync(2, "not called out yet");
        await gateway.Metrics.ReachedAsync("quicchat.delivery.published", 2);
        room.Stream.Reset(ErrorCode.NoError);
        await room.Stream.Disposed.Within("the stream's release");

        var joining = client.JoinAsync("lobby");
        await client.PingAsync();
        held.SetResult();

        Assert.Equal(1ul, (await joining).Joined.LastClientSeq);
        Assert.Equal("one", Assert.Single(grain.Log).Body);
    }

    [Fact]
    public async Task A_true_gap_is_rejected_and_the_number_used_again()
    {
        await using var gateway = new TestGateway();
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");

        await room.PublishAsync(2, "two");

        var reject = await room.RejectAsync();
        Assert.Equal((2ul, ErrorCode.ProtocolViolation), (reject.ClientSeq, reject.Code));
        await room.PublishAsync(1, "one");
        Assert.Equal(1ul, (await room.AckAsync()).ClientSeq);
        Assert.Equal(1, gateway.Metrics["quicchat.delivery.rejected{code=PROTOCOL_VIOLATION}"]);
    }

    [Fact]
    public async Task A_repeat_that_is_too_old_to_be_known_is_rejected()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        await room.PublishAsync(2, "two");
        await room.AckAsync();
        await room.AckAsync();
        grain.Trim(1);

        await room.PublishAsync(1, "one");

        Assert.Equal(ErrorCode.NotAllowed, (await room.RejectAsync()).Code);
    }

    [Fact]
    public async Task What_an_older_connection_still_has_on_its_way_is_not_stored_after_a_newer_ones()
    {
        await using var older = new TestGateway(id: "gw-old");
        await using var newer = new TestGateway(id: "gw-new", cluster: older.Cluster);
        var (old, grain, release) = await HoldAsync(older);
        var room = await (await newer.ConnectAsync()).JoinAsync("lobby");
        Assert.Equal(1ul, room.Joined.LastClientSeq);
        await room.PublishAsync(2, "new");
        Assert.Equal(2ul, (await room.AckAsync()).Offset);

        release.SetResult();

        Assert.Equal(ErrorCode.ClientIdTaken, await old.Stream.ResetAsync());
        Assert.Equal(["one", "new"], grain.Log.Select(message => message.Body));
    }

    [Fact]
    public async Task A_message_is_not_acknowledged_for_another_one_that_came_in_under_its_number()
    {
        await using var older = new TestGateway(id: "gw-old");
        await using var newer = new TestGateway(id: "gw-new", cluster: older.Cluster);
        var (old, grain, release) = await HoldAsync(older);
        var room = await (await newer.ConnectAsync()).JoinAsync("lobby");
        release.SetResult();
        Assert.Equal(2ul, (await old.AckAsync()).Offset);

        await room.PublishAsync(2, "new");

        var reject = await room.RejectAsync();
        Assert.Equal((2ul, ErrorCode.ClientIdTaken), (reject.ClientSeq, reject.Code));
        await room.PublishAsync(3, "new");
        Assert.Equal(3ul, (await room.AckAsync()).Offset);
        Assert.Equal(["one", "late", "new"], grain.Log.Select(message => message.Body));
    }

    [Fact]
    public async Task A_late_copy_of_a_refused_message_is_not_stored_under_the_number_of_its_successor()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        await room.PublishAsync(2, "two");
        await room.RejectAsync();
        Assert.True(grain.Requests.TryPeek(out var refused));
        await room.PublishAsync(1, "two");
        await room.AckAsync();

        Assert.Equal(PublishOutcome.Superseded, Assert.Single((await grain.PublishAll([refused], null)).Receipts).Outcome);

        await room.PublishAsync(2, "three");
        Assert.Equal(2ul, (await room.AckAsync()).Offset);
    }

    [Fact]
    public async Task A_stream_whose_numbers_the_room_has_forgotten_is_to_join_again()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        await room.AckAsync();
        gateway.Cluster.Room("lobby").Trim(1);

        await room.PublishAsync(2, "two");

        Assert.Equal(ErrorCode.GoingAway, await room.Stream.ResetAsync());
        room = await client.JoinAsync("lobby");
        Assert.Equal(0ul, room.Joined.LastClientSeq);
        await room.PublishAsync(1, "two");
        Assert.Equal(1ul, (await room.AckAsync()).ClientSeq);
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_rejected()
    {
        await using var gateway = new TestGateway();
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");

        await room.PublishAsync(1, new string('1', ProtocolLimits.MaxBodyBytes));
        Assert.Equal(1ul, (await room.AckAsync()).ClientSeq);
        await room.PublishAsync(2, new string('2', ProtocolLimits.MaxBodyBytes + 1));

        var reject = await room.RejectAsync();
        Assert.Equal((2ul, ErrorCode.FrameTooLarge), (reject.ClientSeq, reject.Code));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ulong.MaxValue)]
    public async Task A_number_that_cannot_be_one_is_a_violation(ulong clientSeq)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");

        await room.PublishAsync(clientSeq, "?");

        Assert.Equal(ErrorCode.ProtocolViolation, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Fact]
    public async Task A_call_without_an_answer_is_made_again_with_the_same_number()
    {
        await using var gateway = new TestGateway();
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        gateway.Cluster.Room("lobby").Calls.Fail("Published", 2);

        await room.PublishAsync(1, "one");
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassBackoffAsync();

        Assert.Equal(1ul, (await room.AckAsync()).ClientSeq);
        Assert.Equal("one", Assert.Single(gateway.Cluster.Room("lobby").Log).Body);
    }

    [Fact]
    public async Task What_an_answer_had_with_it_that_was_lost_comes_as_soon_as_there_is_another_answer()
    {
        await using var gateway = new TestGateway();
        var alice = await (await gateway.ConnectAsync("alice")).JoinAsync("lobby");
        var bob = await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        gateway.Cluster.Room("lobby").Calls.Fail("Published", 1);

        await alice.PublishAsync(1, "one");
        await gateway.Time.PassBackoffAsync();

        Assert.Equal("one", Assert.Single(await bob.MessagesAsync(1, 1)).Body);
        Assert.Equal(1ul, (await alice.AckAsync()).ClientSeq);
    }

    [Fact]
    public async Task A_message_of_unknown_outcome_is_neither_acknowledged_nor_rejected_but_the_stream_reset()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        gateway.Cluster.Room("lobby").Calls.Fail("PublishAll", int.MaxValue);

        await room.PublishAsync(1, "one");
        var reset = room.Stream.ResetAsync();
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.ArmedBackoffAsync();
        gateway.Time.Advance(TimeSpan.FromSeconds(31));

        Assert.Equal(ErrorCode.Internal, await reset);
        await client.PingAsync();
    }

    [Fact]
    public async Task Messages_beyond_the_ones_in_flight_stay_unread()
    {
        await using var gateway = new TestGateway(options => options.MaxUnanswered = 4);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var silence = new TaskCompletionSource();
        grain.Calls.Before = method => method == "PublishAll" ? silence.Task : Task.CompletedTask;
        var body = new string('b', 1_000);
        var sent = 0;
        var pending = ValueTask.FromResult(default(System.IO.Pipelines.FlushResult));
        while (pending.IsCompleted && sent < 10_000)
        {
            pending = room.Stream.TrySendAsync(Frames.Publish((ulong)++sent, body));
        }

        Assert.False(pending.IsCompleted);
        await gateway.Metrics.ReachedAsync("quicchat.delivery.published", 4);
        Assert.Equal(4, gateway.Metrics["quicchat.delivery.published"]);

        silence.SetResult();
        await pending.AsTask().Within("the gateway's reading on");
        for (var seq = 1; seq <= sent; seq++)
        {
            Assert.Equal((ulong)seq, (await room.AckAsync()).ClientSeq);
        }
    }

    [Fact]
    public async Task Messages_without_an_answer_are_bounded_by_their_bytes_too()
    {
        const int Messages = 20;
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var silence = new TaskCompletionSource();
        grain.Calls.Before = method => method == "PublishAll" ? silence.Task : Task.CompletedTask;
        var body = new string('b', ProtocolLimits.MaxBodyBytes);
        var sending = Task.Run(async () =>
        {
            for (var seq = 1ul; seq <= Messages; seq++)
            {
                await room.Stream.TrySendAsync(Frames.Publish(seq, body));
            }
        });

        // Each takes 64 KiB; 256 KiB may wait, and the last one came when no more did.
        await gateway.Metrics.ReachedAsync("quicchat.delivery.published", 5);
        for (var i = 0ul; i < 100; i++)
        {
            await client.PingAsync(i);
        }

        Assert.False(sending.IsCompleted);
        Assert.Equal(5, gateway.Metrics["quicchat.delivery.published"]);
        Assert.Equal(5 * 64 * 1024, gateway.Metrics["quicchat.outbox.bytes"]);

        silence.SetResult();
        for (var seq = 1ul; seq <= Messages; seq++)
        {
            Assert.Equal(seq, (await room.AckAsync()).ClientSeq);
        }

        await sending.Within("the end of sending");
        room.Stream.Finish();
        while (await room.Stream.ReceiveAsync("what the room has sent meanwhile") is not null)
        {
        }

        await room.Stream.Disposed.Within("the stream's release");
        Assert.Equal(0, gateway.Metrics["quicchat.outbox.bytes"]);
    }

    [Fact]
    public async Task What_is_answered_after_the_stream_has_ended_does_not_count_as_waiting()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var held = new TaskCompletionSource();
        grain.Calls.Before = method => method == "PublishAll" ? held.Task : Task.CompletedTask;
        await room.PublishAsync(1, "one");
        await grain.Calls.ReachedAsync("PublishAll", 1);
        room.Stream.Reset(ErrorCode.NoError);
        await room.Stream.Disposed.Within("the stream's release");
        Assert.Equal(0, gateway.Metrics["quicchat.outbox.bytes"]);

        held.SetResult();

        room = await client.JoinAsync("lobby");
        Assert.Equal(1ul, room.Joined.LastClientSeq);
        room.Stream.Finish();
        await room.Stream.Disposed.Within("the stream's release");
        Assert.Equal(0, gateway.Metrics["quicchat.outbox.bytes"]);
    }

    // A client whose second message is on its way and does not arrive.
    private static async Task<(TestRoom Room, FakeRoom Grain, TaskCompletionSource Release)> HoldAsync(TestGateway gateway)
    {
        var grain = gateway.Cluster.Room("lobby");
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        await room.AckAsync();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = 1;
        grain.Calls.Before = method => method == nameof(FakeRoom.PublishAll) && Interlocked.Decrement(ref held) == 0 ? release.Task : Task.CompletedTask;
        await room.PublishAsync(2, "late");
        await grain.Calls.ReachedAsync(nameof(FakeRoom.PublishAll), 2);
        return (room, grain, release);
    }
}
