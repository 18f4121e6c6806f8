using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Limits;

public sealed class LimitTests
{
    [Fact]
    public async Task A_full_gateway_refuses_handshakes_and_what_came_through_until_one_leaves()
    {
        await using var gateway = new TestGateway(limits: limits => limits.MaxConnections = 2);
        var stays = await gateway.ConnectAsync("alice");
        var leaves = await gateway.ConnectAsync("bob");

        Assert.False(gateway.Sessions.Admits());
        var refused = gateway.Connect();
        var (code, reason) = await refused.ClosedByGatewayAsync();
        await gateway.ServedAsync(refused);
        Assert.Equal(ErrorCode.RateLimited, code);
        Assert.Contains("as many connections as it may", reason, StringComparison.Ordinal);
        Assert.Equal(2, gateway.Metrics["quicchat.limits.refused{limit=connections}"]);
        await stays.PingAsync();

        leaves.Connection.Leave();
        await gateway.ServedAsync(leaves.Connection);
        Assert.True(gateway.Sessions.Admits());
        await (await gateway.ConnectAsync("carol")).PingAsync();
    }

    [Fact]
    public async Task A_user_with_too_many_connections_gets_no_more_and_others_do()
    {
        await using var gateway = new TestGateway(limits: limits => limits.MaxConnectionsPerUser = 2);
        var first = await gateway.ConnectAsync("alice", "a");
        var second = await gateway.ConnectAsync("alice", "b");
        var third = gateway.Connect();

        await third.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), "c"));

        Assert.Equal(
            (ErrorCode.RateLimited, "The user has 2 connections at this gateway, and no more are allowed"), await third.ClosedByGatewayAsync());
        Assert.Equal(1, gateway.Metrics["quicchat.limits.refused{limit=user_connections}"]);
        Assert.Empty(gateway.Cluster.Connection(third.Id).Registrations);
        await (await gateway.ConnectAsync("bob")).PingAsync();
        await first.PingAsync();

        second.Connection.Leave();
        await gateway.ServedAsync(second.Connection);
        await (await gateway.ConnectAsync("alice", "c")).PingAsync();
    }

    [Fact]
    public async Task A_client_that_comes_back_takes_its_own_place_once()
    {
        await using var gateway = new TestGateway(limits: limits => limits.MaxConnectionsPerUser = 1);
        var former = await gateway.ConnectAsync("alice");
        // Its end is not noticed for a while.
        former.Connection.HoldsItsEnd = true;

        var client = await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken);
        var another = gateway.Connect();
        await another.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), "phone", former.Welcome.SessionToken));

        Assert.Equal(ErrorCode.RateLimited, (await another.ClosedByGatewayAsync()).Code);
        await client.PingAsync();
        former.Connection.Leave();
    }

    [Fact]
    public async Task A_user_at_the_limit_comes_back_with_all_connections_together_and_no_more()
    {
        const int Most = 16;
        await using var gateway = new TestGateway(limits: limits => limits.MaxConnectionsPerUser = Most);
        var former = new List<TestClient>();
        for (var i = 0; i < Most; i++)
        {
            former.Add(await gateway.ConnectAsync("alice", $"device-{i}"));
            // That it has ended is not noticed for a while.
            former[i].Connection.HoldsItsEnd = true;
        }

        var clients = await Task.WhenAll(former.Select(
            (client, i) => gateway.ConnectAsync("alice", $"device-{i}", session: client.Welcome.SessionToken)));

        former.ForEach(client => client.Connection.Leave());
        await Task.WhenAll(former.Select(client => gateway.ServedAsync(client.Connection)));
        var another = gateway.Connect();
        await another.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), "another"));
        Assert.Equal(ErrorCode.RateLimited, (await another.ClosedByGatewayAsync()).Code);
        clients[0].Connection.Leave();
        await gateway.ServedAsync(clients[0].Connection);
        await (await gateway.ConnectAsync("alice", "another")).PingAsync();
    }

    [Fact]
    public async Task A_place_goes_back_where_the_connection_that_took_it_does_not_come_about()
    {
        await using var gateway = new TestGateway(limits: limits => limits.MaxConnectionsPerUser = 1);
        var former = await gateway.ConnectAsync("alice");
        var failing = gateway.Connect();
        var grain = gateway.Cluster.Connection(failing.Id);
        grain.Calls.Fail("Register", int.MaxValue);
        await failing.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), "phone", former.Welcome.SessionToken));
        await grain.Calls.ReachedAsync("Register", 1);
        gateway.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ErrorCode.Internal, (await failing.ClosedByGatewayAsync()).Code);
        await gateway.ServedAsync(failing);

        var another = gateway.Connect();
        await another.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), "another"));
        Assert.Equal(ErrorCode.RateLimited, (await another.ClosedByGatewayAsync()).Code);
        await former.PingAsync();
        await (await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken)).PingAsync();
    }

    [Fact]
    public async Task Messages_above_the_rate_are_rejected_with_the_time_to_wait_and_can_be_sent_again()
    {
        await using var gateway = new TestGateway(limits: limits => (limits.PublishRate, limits.PublishBurst) = (10, 3));
        var neighbour = await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        var client = await gateway.ConnectAsync("alice");
        var (lobby, other) = (await client.JoinAsync("lobby"), await client.JoinAsync("other"));
        for (var i = 1ul; i <= 2; i++)
        {
            await lobby.PublishAsync(i, "fast");
            await lobby.AckAsync();
        }

        // The rate is the connection's, not a room's.
        await other.PublishAsync(1, "fast");
        await other.AckAsync();
        await lobby.PublishAsync(3, "too fast");

        var reject = await lobby.RejectAsync();
        Assert.Equal((3ul, ErrorCode.RateLimited), (reject.ClientSeq, reject.Code));
        Assert.InRange(reject.RetryAfterMs, 99u, 101u);
        Assert.Equal(1, gateway.Metrics["quicchat.limits.refused{limit=publish_rate}"]);
        await neighbour.PublishAsync(1, "slow");
        Assert.Equal(3ul, (await neighbour.AckAsync()).Offset);

        gateway.Time.Advance(TimeSpan.FromMilliseconds(reject.RetryAfterMs));
        await lobby.PublishAsync(3, "again");
        Assert.Equal(3ul, (await lobby.AckAsync()).ClientSeq);
    }

    [Fact]
    public async Task A_number_behind_a_rejected_one_is_not_stored_either()
    {
        await using var gateway = new TestGateway(limits: limits => (limits.PublishRate, limits.PublishBurst) = (10, 1));
        var room = await (await gateway.ConnectAsync()).JoinAsync("lobby");
        await room.PublishAsync(1, "one");
        await room.AckAsync();
        await room.PublishAsync(2, "two");
        Assert.Equal(ErrorCode.RateLimited, (await room.RejectAsync()).Code);
        gateway.Time.Advance(TimeSpan.FromMilliseconds(101));

        await room.PublishAsync(3, "three");

        Assert.Equal(ErrorCode.ProtocolViolation, (await room.RejectAsync()).Code);
        Assert.Single(gateway.Cluster.Room("lobby").Log);
    }

    [Fact]
    public async Task Handshakes_above_the_rate_are_refused()
    {
        await using var gateway = new TestGateway(limits: limits => (limits.HandshakeRate, limits.HandshakeBurst) = (2, 3));
        var neighbour = await gateway.ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(gateway.Sessions.Admits());
        }

        Assert.False(gateway.Sessions.Admits());

        Assert.Equal(1, gateway.Metrics["quicchat.limits.refused{limit=handshake_rate}"]);
        await neighbour.PingAsync();
        gateway.Time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(gateway.Sessions.Admits());
    }

    [Fact]
    public async Task Joins_above_the_rate_are_reset_and_can_be_made_again()
    {
        await using var gateway = new TestGateway(limits: limits => (limits.JoinRate, limits.JoinBurst) = (10, 2));
        var client = await gateway.ConnectAsync("alice");
        var lobby = await client.JoinAsync("lobby");
        (await client.JoinAsync("other")).Stream.Finish();
        var third = client.Connection.Open();

        await third.SendAsync(Frames.Join("third"));

        Assert.Equal(ErrorCode.RateLimited, await third.ResetAsync());
        Assert.Equal(1, gateway.Metrics["quicchat.limits.refused{limit=join_rate}"]);
        Assert.Equal(0, gateway.Cluster.Room("third").Calls.Count("Attach"));
        await lobby.PublishAsync(1, "still here");
        await lobby.AckAsync();
        await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");
        gateway.Time.Advance(TimeSpan.FromMilliseconds(101));
        await client.JoinAsync("third");
    }

    [Fact]
    public async Task Pages_of_history_above_the_rate_wait_for_their_turn_and_others_do_not()
    {
        await using var gateway = new TestGateway(limits: limits => (limits.HistoryRate, limits.HistoryBurst) = (10, 2));
        gateway.Cluster.Room("lobby").Append(5);
        gateway.Cluster.Room("other").Append(5);
        var client = await gateway.ConnectAsync("alice");
        var (lobby, other) = (await client.JoinAsync("lobby"), await client.JoinAsync("other"));
        var neighbour = await (await gateway.ConnectAsync("bob")).JoinAsync("lobby");

        // The rate is the connection's, not a room's.
        await lobby.Stream.SendAsync(Frames.ReadHistory(1, 1), Frames.ReadHistory(2, 1), Frames.ReadHistory(3, 1));
        Assert.Equal(1ul, await HistoryAsync(lobby));
        Assert.Equal(2ul, await HistoryAsync(lobby));
        var wait = await ArmedAsync(100);
        await other.Stream.SendAsync(Frames.ReadHistory(4, 1));
        await ArmedAsync(200);
        Assert.Equal(2, gateway.Metrics["quicchat.limits.refused{limit=history_rate}"]);
        await neighbour.Stream.SendAsync(Frames.ReadHistory(5, 1));
        Assert.Equal(5ul, await HistoryAsync(neighbour));
        Assert.Equal(3, gateway.Cluster.Room("lobby").Calls.Count("Read"));
        Assert.Equal(0, gateway.Cluster.Room("other").Calls.Count("Read"));

        gateway.Time.Advance(wait);
        Assert.Equal(3ul, await HistoryAsync(lobby));
        Assert.Equal(0, gateway.Cluster.Room("other").Calls.Count("Read"));
        gateway.Time.Advance(wait);
        Assert.Equal(4ul, await HistoryAsync(other));

        Task<TimeSpan> ArmedAsync(int milliseconds) => gateway.Time.ArmedAsync(
            TimeSpan.FromMilliseconds(milliseconds - 1), TimeSpan.FromMilliseconds(milliseconds + 1), "a page of history");
    }

    [Fact]
    public async Task Rooms_above_the_limit_are_reset_and_the_others_go_on()
    {
        await using var gateway = new TestGateway(options => options.MaxRooms = 1);
        var client = await gateway.ConnectAsync();
        var room = await client.JoinAsync("lobby");
        var second = client.Connection.Open();

        await second.SendAsync(Frames.Join("other"));

        Assert.Equal(ErrorCode.NotAllowed, await second.ResetAsync());
        Assert.Equal(1, gateway.Metrics["quicchat.limits.refused{limit=rooms}"]);
        await room.PublishAsync(1, "still here");
        await room.AckAsync();
    }

    private static async Task<ulong> HistoryAsync(TestRoom room) => (await room.Stream.ReceiveAsync("History"))!.History.FromOffset;
}
