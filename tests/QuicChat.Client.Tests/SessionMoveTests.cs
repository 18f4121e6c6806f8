using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>Leaving a gateway before the connection has ended.</summary>
public sealed class SessionMoveTests
{
    private static readonly string[] Two = ["192.0.2.1:1", "192.0.2.1:2"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AGatewayThatGoesAwayIsLeftForAnotherWhileItStillServes(bool isTakenOver)
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            var publishing = room.PublishAsync("on its way");
            await stream.ReadPublishAsync();
            await GoAwayAsync(connection);
            var next = await gateway.AcceptAsync();
            await next.AcceptHelloAsync();

            // Until the other gateway has welcomed it, all goes on.
            await stream.SendMessageAsync(1, "meanwhile");
            await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
            Assert.Equal("meanwhile", await SessionRoomTests.NextTextAsync(reading));
            Assert.False(connection.Server.Closed.IsCompleted);
            if (isTakenOver)
            {
                connection.Server.Close((ulong)ErrorCode.NoError, "a newer connection took its place");
            }

            await next.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
            var (nextStream, join) = await next.AcceptJoinAsync(
                new Joined { Position = new Position { Epoch = "e1", Offset = 1 }, Recovered = true, LastClientSeq = 1 });
            Assert.Equal(1UL, join.After.Offset);
            Assert.Equal(new Publish { ClientSeq = 1, Body = "on its way" }, await nextStream.ReadPublishAsync());
            await nextStream.AckAsync(1, 2);
            Assert.Equal(2, (await publishing.For("the receipt")).Offset);
            await states.NextAsync<SessionState.Connected>();
            Assert.Equal([1, 2], gateway.Asked.Select(endPoint => endPoint.Port));
            Assert.Equal((ulong)ErrorCode.NoError, (await connection.Server.Closed.For("the end of the connection that was left")).ApplicationErrorCode);
        }
    }

    [Fact]
    public async Task TheGatewaysThatItNamesAreTriedFirst()
    {
        using var gateway = new TestGateway { Refuse = endPoint => endPoint.Port == 8 ? SessionTests.NoAnswer() : null };
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            await GoAwayAsync(connection, "192.0.2.1:1", "not an address:", "192.0.2.1:8", "192.0.2.1:9");
            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
            Assert.Equal([1, 8, 9], gateway.Asked.Select(endPoint => endPoint.Port));
        }
    }

    [Fact]
    public async Task WithoutAnotherGatewayItWaitsForTheEndAndConnectsAnew()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync();
        await using (session)
        {
            await GoAwayAsync(connection);
            await connection.ReadControlUntilNowAsync();
            await SessionRoomTests.MarkAsync(room, stream, 1);
            var joining = session.JoinAsync("another");

            connection.Server.Close((ulong)ErrorCode.GoingAway, "update");
            await states.NextAsync<SessionState.Reconnecting>();
            (connection, _) = await gateway.WelcomeNextAsync();
            var rooms = new List<string>();
            for (var i = 0; i < 2; i++)
            {
                rooms.Add((await connection.AcceptJoinAsync(new Joined { Position = new Position { Epoch = "e1" }, LastClientSeq = 1 })).Join.Room);
            }

            Assert.Equal(["another", "lobby"], rooms.Order());
            await joining.For("the room that the leaving gateway did not take");
            Assert.Equal(2, gateway.Asked.Count);
        }
    }

    [Fact]
    public async Task WhereTheOthersDoNotAnswerTheyAreTriedAgainUntilTheEnd()
    {
        var isDead = false;
        using var gateway = new TestGateway { Jitter = () => 0.5, Refuse = endPoint => isDead ? SessionTests.NoAnswer() : null };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            isDead = true;
            await GoAwayAsync(connection);
            for (var i = 1; i <= 5; i++)
            {
                // Half of 500 ms, 1, 2, 4 and 8 s.
                Assert.Contains("No answer from 192.0.2.1:2", await gateway.Events.NextAsync("MoveFailed"), StringComparison.Ordinal);
                Assert.Equal(1 + i, gateway.Asked.Count);
                isDead = i < 5;
                gateway.Time.Advance(TimeSpan.FromMilliseconds(250 << (i - 1)));
            }

            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
            Assert.All(gateway.Asked.Skip(1), endPoint => Assert.Equal(2, endPoint.Port));
        }
    }

    [Fact]
    public async Task ATakeoverByAConnectionThatThenFailsIsNoEnd()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            await GoAwayAsync(connection);
            var next = await gateway.AcceptAsync();
            await next.AcceptHelloAsync();
            connection.Server.Close((ulong)ErrorCode.NoError, "a newer connection took its place");
            next.Server.Close((ulong)ErrorCode.Internal, "");

            await states.NextAsync<SessionState.Reconnecting>();
            gateway.Time.Advance(TimeSpan.FromMilliseconds(250));
            await gateway.WelcomeNextAsync();
            await states.NextAsync<SessionState.Connected>();
        }
    }

    [Fact]
    public async Task AKickIsAnEndAlsoWhileItMoves()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5 };
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            await GoAwayAsync(connection);
            var next = await gateway.AcceptAsync();
            await next.AcceptHelloAsync();
            connection.Server.Close((ulong)ErrorCode.Kicked, "enough");
            next.Server.Close((ulong)ErrorCode.Internal, "");
            Assert.Equal(ErrorCode.Kicked, (await states.NextAsync<SessionState.Closed>()).Reason.Code);
        }
    }

    [Fact]
    public async Task WhereTheConnectionEndsBeforeAnotherGatewayHasAnsweredItIsLostAtOnce()
    {
        using var gateway = new TestGateway { IsSilent = endPoint => endPoint.Port == 2 };
        var (session, connection, states) = await gateway.ConnectSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            await GoAwayAsync(connection, "192.0.2.1:1");
            await connection.ReadControlUntilNowAsync();
            connection.Server.Close((ulong)ErrorCode.GoingAway, "update");
            await states.NextAsync<SessionState.Reconnecting>();
        }
    }

    [Fact]
    public async Task AGatewayThatDoesNotAnswerIsLeftBeforeItsPathCountsAsDead()
    {
        using var gateway = new TestGateway();
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            var publishing = room.PublishAsync("into the dark");
            await stream.ReadPublishAsync();
            gateway.Time.Advance(TimeSpan.FromSeconds(5));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            Assert.Single(gateway.Asked);
            gateway.Time.Advance(TimeSpan.FromSeconds(5));

            var (next, _) = await gateway.WelcomeNextAsync();
            var (nextStream, _) = await next.AcceptJoinAsync();
            await nextStream.ReadPublishAsync();
            await nextStream.AckAsync(1, 1);
            await publishing.For("the receipt");
            await states.NextAsync<SessionState.Connected>();
            Assert.Equal([1, 2], gateway.Asked.Select(endPoint => endPoint.Port));
        }
    }

    [Fact]
    public async Task AGatewayThatDoesNotAnswerInAQuietRoomIsLeftToo()
    {
        using var gateway = new TestGateway();
        var (session, connection, _, _, states) = await gateway.JoinSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            // Nobody speaks for 40 s; the gateway answers.
            for (var second = 0; second < 40; second++)
            {
                gateway.Time.Advance(TimeSpan.FromSeconds(1));
                await connection.ReadControlUntilNowAsync();
            }

            // It dies right after it was heard.
            gateway.Time.Advance(TimeSpan.FromSeconds(20));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            Assert.Single(gateway.Asked);
            gateway.Time.Advance(TimeSpan.FromSeconds(5));

            var (next, _) = await gateway.WelcomeNextAsync();
            await next.AcceptJoinAsync();
            await states.NextAsync<SessionState.Connected>();
            Assert.Equal([1, 2], gateway.Asked.Select(endPoint => endPoint.Port));
        }
    }

    [Fact]
    public async Task OneThatIsHeardAgainIsNotLeft()
    {
        using var gateway = new TestGateway { Jitter = () => 0.5, Refuse = endPoint => endPoint.Port == 2 ? SessionTests.NoAnswer() : null };
        var (session, connection, room, stream, states) = await gateway.JoinSessionAsync(gateway.Options(servers: Two));
        await using (session)
        {
            await SessionRoomTests.MarkAsync(room, stream, 1);
            for (var round = 2; round <= 4; round++)
            {
                gateway.Time.Advance(TimeSpan.FromSeconds(5));
                var ping = (await connection.Control.ReadAsync()).Ping;
                gateway.Time.Advance(TimeSpan.FromSeconds(5));
                await gateway.Events.NextAsync("MoveFailed");
                await connection.Control.SendAsync(new ServerFrame { Pong = new Pong { Number = ping.Number } });
                await connection.ReadControlUntilNowAsync();
                await SessionRoomTests.MarkAsync(room, stream, (ulong)round);
            }

            Assert.Equal([1, 2, 2, 2], gateway.Asked.Select(endPoint => endPoint.Port));
            Assert.Equal(new SessionState.Connected("gw-1", session.ConnectionId), session.State);
        }
    }

    private static Task GoAwayAsync(GatewayConnection connection, params string[] alternatives)
        => connection.Control.SendAsync(new ServerFrame { GoAway = new GoAway { Reason = "update", Alternatives = { alternatives } } });
}
