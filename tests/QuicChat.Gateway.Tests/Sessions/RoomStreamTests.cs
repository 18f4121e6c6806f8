using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class RoomStreamTests
{
    [Fact]
    public async Task A_page_of_another_epoch_is_not_sent_but_the_stream_reset()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        grain.Append(3);
        await room.MessagesAsync(1, 3);
        grain.Lose("epoch-2");
        grain.LosesBatches = true;
        grain.Append(2);

        await room.Stream.SendAsync(Frames.ReadHistory(1, 10));

        Assert.Equal(ErrorCode.GoingAway, await room.Stream.ResetAsync());
        await grain.Calls.ReachedAsync("Attach", 2);
        room = await client.JoinAsync("lobby");
        await room.Stream.SendAsync(Frames.ReadHistory(1, 10));
        Assert.Equal(2, (await room.Stream.ReceiveAsync("the page"))?.History?.Messages.Count);
    }

    [Fact]
    public async Task A_join_that_is_given_up_when_its_answer_is_due_leaves_nothing_waiting()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        var grain = gateway.Cluster.Room("lobby");
        var held = new TaskCompletionSource();
        grain.Calls.Before = method => method == "TakeOver" ? held.Task : Task.CompletedTask;
        var before = gateway.Metrics["quicchat.outbox.bytes"];
        var stream = client.Connection.Open();
        await stream.SendAsync(Frames.Join("lobby"));
        await grain.Calls.ReachedAsync("TakeOver", 2);
        gateway.Time.Advance(TimeSpan.FromSeconds(31));
        held.SetResult();

        Assert.Equal(ErrorCode.Internal, await stream.ResetAsync());
        await stream.Disposed.Within("the stream's release");
        Assert.Equal(before, gateway.Metrics["quicchat.outbox.bytes"]);
    }

    [Fact]
    public async Task What_one_publishes_all_members_receive_in_one_order()
    {
        await using var gateway = new TestGateway();
        var rooms = new List<TestRoom>();
        foreach (var user in new[] { "alice", "bob", "carol" })
        {
            rooms.Add(await (await gateway.ConnectAsync(user)).JoinAsync("lobby"));
        }

        const int Each = 50;
        await Task.WhenAll(rooms.Select(async (room, index) =>
        {
            for (var seq = 1; seq <= Each; seq++)
            {
                await room.PublishAsync((ulong)seq, $"{index}:{seq}");
            }
        }));

        var received = await Task.WhenAll(rooms.Select(room => room.MessagesAsync(1, 3 * Each)));
        foreach (var messages in received)
        {
            Assert.Equal(received[0].Select(message => message.Body), messages.Select(message => message.Body));
            foreach (var sender in messages.GroupBy(message => message.SenderId))
            {
                Assert.Equal(Enumerable.Range(1, Each).Select(seq => (ulong)seq), sender.Select(message => message.ClientSeq));
            }
        }

        var first = received[0][0];
        Assert.Equal(first.SenderId, first.SenderName);
        Assert.Equal("phone", first.ClientId);
        Assert.Equal(9 * Each, gateway.Metrics["quicchat.delivery.delivered"]);
        Assert.Equal(3 * Each, gateway.Metrics["quicchat.delivery.published"]);
    }

    [Fact]
    public async Task Joined_tells_the_position_and_the_clients_newest_number()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(3);
        var client = await gateway.ConnectAsync();
        var first = await client.JoinAsync("lobby");
        await first.PublishAsync(1, "one");
        Assert.Equal(4u, (await first.AckAsync()).Offset);

        var second = await client.JoinAsync("lobby");

        Assert.Equal(("epoch-1", 4ul), (second.Joined.Position.Epoch, second.Joined.Position.Offset));
        Assert.False(second.Joined.Recovered);
        Assert.Equal(1u, second.Joined.LastClientSeq);
        Assert.Equal(0u, first.Joined.LastClientSeq);
    }

    [Theory]
    [InlineData(0, 5, 5)]
    [InlineData(2, 5, 3)]
    [InlineData(9, 5, 0)]
    public async Task Without_a_position_the_newest_messages_come_first(uint newest, int stored, ulong position)
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(stored);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby", newest: newest);

        Assert.Equal(position, room.Joined.Position.Offset);
        await room.MessagesAsync(position + 1, (ulong)stored);
        gateway.Cluster.Room("lobby").Append(1);
        await room.MessagesAsync((ulong)stored + 1, (ulong)stored + 1);
    }

    [Fact]
    public async Task With_a_position_the_whole_gap_follows_over_many_pages()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(350);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby", Frames.At("epoch-1", 10));

        Assert.True(room.Joined.Recovered);
        Assert.Equal(10u, room.Joined.Position.Offset);
        await room.MessagesAsync(11, 350);
        Assert.Equal(1, gateway.Metrics["quicchat.session.resume{recovered=True}"]);
    }

    [Fact]
    public async Task A_position_at_the_tail_is_recovered_without_a_read()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(5);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby", Frames.At("epoch-1", 5));

        Assert.True(room.Joined.Recovered);
        Assert.Equal(0, gateway.Cluster.Room("lobby").Calls.Count("Read"));
    }

    [Theory]
    [InlineData("another epoch", "epoch-0", 15, 20)]
    [InlineData("beyond the tail", "epoch-1", 21, 20)]
    [InlineData("far beyond the tail", "epoch-1", ulong.MaxValue, 20)]
    [InlineData("before the oldest message", "epoch-1", 9, 20)]
    public async Task A_position_that_cannot_be_gone_on_from_gets_the_newest_messages(string what, string epoch, ulong offset, int stored)
    {
        Assert.NotEmpty(what);
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(stored);
        gateway.Cluster.Room("lobby").Trim(10);
        var client = await gateway.ConnectAsync();
        await client.JoinAsync("lobby");

        var room = await client.JoinAsync("lobby", Frames.At(epoch, offset), newest: 4);

        Assert.False(room.Joined.Recovered);
        Assert.Equal(("epoch-1", 16ul), (room.Joined.Position.Epoch, room.Joined.Position.Offset));
        await room.MessagesAsync(17, 20);
        Assert.Equal(1, gateway.Metrics["quicchat.session.resume{recovered=False}"]);
    }

    [Fact]
    public async Task A_position_just_before_the_oldest_message_is_recovered()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(20);
        gateway.Cluster.Room("lobby").Trim(10);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby", Frames.At("epoch-1", 10));

        Assert.True(room.Joined.Recovered);
        await room.MessagesAsync(11, 20);
    }

    [Fact]
    public async Task A_log_that_was_trimmed_since_it_was_last_looked_at_is_not_said_to_be_whole()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        grain.Append(20);
        var client = await gateway.ConnectAsync();
        await client.JoinAsync("lobby");
        grain.Trim(15);

        var room = await client.JoinAsync("lobby", Frames.At("epoch-1", 10), newest: 100);

        Assert.False(room.Joined.Recovered);
        Assert.Equal(15u, room.Joined.Position.Offset);
        await room.MessagesAsync(16, 20);
    }

    [Fact]
    public async Task A_position_that_this_gateway_does_not_know_yet_is_asked_for()
    {
        await using var gateway = new TestGateway();
        var grain = gateway.Cluster.Room("lobby");
        var client = await gateway.ConnectAsync();
        await client.JoinAsync("lobby");
        grain.LosesBatches = true;
        grain.Append(5);

        var room = await client.JoinAsync("lobby", Frames.At("epoch-1", 4));

        Assert.True(room.Joined.Recovered);
        await room.MessagesAsync(5, 5);
    }

    [Fact]
    public async Task A_history_page_is_answered_in_between()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(20);
        gateway.Cluster.Room("lobby").Trim(5);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");

        await room.Stream.SendAsync(Frames.ReadHistory(3, 2), Frames.ReadHistory(19, 100));

        var page = (await room.Stream.ReceiveAsync("History"))!.History;
        Assert.Equal((3ul, 6ul, 20ul), (page.FromOffset, page.FirstOffset, page.LastOffset));
        Assert.Equal([6ul, 7ul], page.Messages.Select(message => message.Offset));
        page = (await room.Stream.ReceiveAsync("History"))!.History;
        Assert.Equal([19ul, 20ul], page.Messages.Select(message => message.Offset));
    }

    [Fact]
    public async Task A_history_page_that_would_not_fit_a_frame_is_shorter()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Room("lobby").Append(10, ProtocolLimits.MaxBodyBytes);
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");

        await room.Stream.SendAsync(Frames.ReadHistory(4, 100));

        var page = (await room.Stream.ReceiveAsync("History"))!.History;
        Assert.Equal(4ul, Assert.Single(page.Messages).Offset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leaving_ends_the_stream_in_order_after_its_answers(bool byFrame)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        if (byFrame)
        {
            await room.Stream.SendAsync(Frames.Leave());
        }

        room.Stream.Finish();

        var frames = new List<ServerFrame>();
        while (await room.Stream.ReceiveAsync("the end of the stream") is { } frame)
        {
            frames.Add(frame);
        }

        Assert.Contains(frames, frame => frame.Ack?.ClientSeq == 1);
        await room.Stream.Disposed.Within("the stream's release");
        Assert.Equal(0, gateway.Metrics["quicchat.room.streams"]);
        await client.PingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_the_client_aborts_ends_alone(bool byReset)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var other = await client.JoinAsync("lobby");
        if (byReset)
        {
            room.Stream.Reset(ErrorCode.NoError);
        }
        else
        {
            room.Stream.StopSending(ErrorCode.NoError);
            await other.PublishAsync(1, "wakes the writer");
        }

        await room.Stream.Disposed.Within("the stream's release");
        await client.PingAsync();
        Assert.Equal(1, gateway.Metrics["quicchat.room.streams"]);
    }

    [Fact]
    public async Task Publish_before_Join_is_a_violation()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        await client.Connection.Open().SendAsync(Frames.Publish(1, "hello"));

        Assert.Equal(ErrorCode.ProtocolViolation, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Fact]
    public async Task Join_after_Join_is_a_violation()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");

        await room.Stream.SendAsync(Frames.Join("lobby"));

        Assert.Equal(ErrorCode.ProtocolViolation, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Fact]
    public async Task A_stream_that_ends_within_a_frame_is_a_violation()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");

        await room.Stream.SendRawAsync([0x05, 0x4a]);
        room.Stream.Finish();

        Assert.Equal(ErrorCode.ProtocolViolation, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("tür")]
    public async Task A_bad_room_name_is_not_allowed(string name)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var stream = client.Connection.Open();

        await stream.SendAsync(Frames.Join(name));

        Assert.Equal(ErrorCode.NotAllowed, await stream.ResetAsync());
        await client.PingAsync();
    }

    [Fact]
    public async Task More_rooms_than_allowed_are_refused_until_one_is_left()
    {
        await using var gateway = new TestGateway(options => options.MaxRooms = 2);
        var client = await gateway.ConnectAsync();
        var first = await client.JoinAsync("one");
        await client.JoinAsync("two");
        var third = client.Connection.Open();

        Assert.Equal(ErrorCode.NotAllowed, await third.ResetAsync());

        first.Stream.Finish();
        await first.Stream.Disposed.Within("the first stream's release");
        TestRoom? room = null;
        for (var tries = 0; room is null; tries++)
        {
            try
            {
                room = await client.JoinAsync("three");
            }
            catch (QuicStreamAbortedException) when (tries < 1_000)
            {
                // The stream is released a moment before its place is free.
            }
        }
    }

    [Fact]
    public async Task A_room_that_does_not_answer_in_time_resets_the_stream_so_that_the_client_tries_again()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var silence = new TaskCompletionSource();
        gateway.Cluster.Room("lobby").Calls.Before = _ => silence.Task;
        var stream = client.Connection.Open();

        await stream.SendAsync(Frames.Join("lobby"));
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(30), "the room");

        Assert.Equal(ErrorCode.Internal, await stream.ResetAsync());
        silence.SetResult();
    }

    [Fact]
    public async Task The_end_of_the_connection_ends_its_rooms()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");

        client.Connection.Leave();

        await room.Stream.Disposed.Within("the stream's release");
    }
}
