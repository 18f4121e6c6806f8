using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan Active = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task TheEnginePingsEachSecondWhileARoomIsActiveAndSeldomWithoutOne()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            Assert.Equal(Idle, connection.Client.KeepAliveInterval);

            var joining = client.JoinAsync("lobby");
            var stream = await connection.AcceptRoomAsync();
            var room = await joining.For("the room to be joined");

            // Nothing has been said in it yet: the client asks itself, and seldom.
            Assert.Equal(Timeout.InfiniteTimeSpan, connection.Client.KeepAliveInterval);

            // A message that arrives: the listener's case.
            await HearAsync(room, stream);
            Assert.Equal(Active, connection.Client.KeepAliveInterval);

            // 30 s without traffic of the room. The gateway answers Pings all the while.
            await AnswerAsync(gateway, connection, TimeSpan.FromSeconds(29.9));
            Assert.Equal(Active, connection.Client.KeepAliveInterval);
            await AnswerAsync(gateway, connection, TimeSpan.FromSeconds(0.1));
            Assert.Equal(Timeout.InfiniteTimeSpan, connection.Client.KeepAliveInterval);

            // A message that is sent: at once, before any answer.
            var publishing = room.PublishAsync("text");
            Assert.Equal(Active, connection.Client.KeepAliveInterval);
            await stream.ReadPublishAsync();
            await stream.AckAsync(1, 2);
            await publishing.For("the receipt");

            // Without a room nothing is active.
            var leaving = room.LeaveAsync();
            stream.Complete();
            await leaving.For("the room to be left");
            Assert.Equal(Idle, connection.Client.KeepAliveInterval);
        }
    }

    [Fact]
    public async Task WhileARoomIsQuietTheClientAsksForAnAnswerInsteadOfTheEngine()
    {
        using var gateway = new TestGateway();
        var (client, connection, _, _) = await gateway.JoinAsync();
        await using (client)
        {
            await AnswerAsync(gateway, connection, TimeSpan.FromSeconds(30));
            for (var round = 1UL; round <= 3; round++)
            {
                gateway.Time.Advance(TimeSpan.FromSeconds(19.9));
                gateway.Time.Advance(TimeSpan.FromSeconds(0.1));
                Assert.Equal(new ClientFrame { Ping = new Ping { Number = round } }, await connection.Control.ReadAsync());
                await connection.Control.SendAsync(new ServerFrame { Pong = new Pong { Number = round } });
                Assert.Empty(await connection.ReadControlUntilNowAsync());
            }

            // From here on the gateway is not heard: 20 s until it is asked, 30 s for an answer.
            gateway.Time.Advance(Idle);
            gateway.Time.Advance(TimeSpan.FromSeconds(29.9));
            Assert.False(client.Closed.IsCompleted);
            gateway.Time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    [Fact]
    public async Task AnEngineWithPingsIsTrustedToKeepThePathOpenWithoutARoom()
    {
        using var gateway = new TestGateway();
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            for (var minute = 0; minute < 10; minute++)
            {
                gateway.Time.Advance(TimeSpan.FromMinutes(1));
                Assert.Empty(await connection.ReadControlUntilNowAsync());
            }

            Assert.False(client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task AShortIdleTimeoutOfTheGatewayShortensTheIntervals()
    {
        using var gateway = new TestGateway { Welcome = Welcome(idleTimeoutMs: 6_000, migrationTimeoutMs: 3_000) };
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            Assert.Equal(TimeSpan.FromSeconds(2), connection.Client.KeepAliveInterval);
        }
    }

    [Fact]
    public async Task AnActivePathThatIsSilentIsAskedForAnAnswerAndLivesOnWithIt()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await HearAsync(room, stream);
            await connection.ReadControlUntilNowAsync();
            gateway.Time.Advance(TimeSpan.FromSeconds(4.9));
            Assert.Empty(await connection.ReadControlUntilNowAsync());

            // Heard just now; a sixth of the 30 s that a path may stay dead is 5 s.
            gateway.Time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(new ClientFrame { Ping = new Ping { Number = 1 } }, await connection.Control.ReadAsync());
            gateway.Time.Advance(TimeSpan.FromSeconds(29));
            await connection.Control.SendAsync(new ServerFrame { Pong = new Pong { Number = 1 } });
            await connection.ReadControlUntilNowAsync();

            await AnswerAsync(gateway, connection, TimeSpan.FromMinutes(1));
            Assert.False(client.Closed.IsCompleted);
        }
    }

    [Fact]
    public async Task ADeadPathIsGivenUpByTheClientsOwnTimer()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            var failures = new List<ChatCloseReason>();
            client.MigrationFailed += failures.Add;
            var publishing = room.PublishAsync("into the dark");
            await stream.ReadPublishAsync();

            // From here on the gateway is not heard: 5 s until it is asked, 30 s for an answer.
            gateway.Time.Advance(TimeSpan.FromSeconds(5));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            gateway.Time.Advance(TimeSpan.FromSeconds(29.9));
            Assert.False(client.Closed.IsCompleted);
            gateway.Time.Advance(TimeSpan.FromSeconds(0.1));

            var reason = await client.Closed.For("the client to give the path up");
            Assert.Equal(
                new ChatCloseReason(
                    ChatCloseOrigin.Client,
                    ErrorCode.MigrationFailed,
                    "Nothing was heard from the gateway for 35 s, though it was asked: the network path is dead, or the gateway is."),
                reason);
            Assert.Equal([reason], failures);
            Assert.True(reason.IsReconnectable);
            Assert.Equal(4UL, (await connection.Server.Closed.For("the close on its way")).ApplicationErrorCode);
            await Assert.ThrowsAsync<ChatClosedException>(() => publishing.For("the publish's end"));
        }
    }

    [Fact]
    public async Task TheGatewaysMigrationTimeoutDecidesHowLongThatTakes()
    {
        using var gateway = new TestGateway { Welcome = Welcome(idleTimeoutMs: 60_000, migrationTimeoutMs: 3_000) };
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await HearAsync(room, stream);
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            gateway.Time.Advance(TimeSpan.FromSeconds(3));

            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    [Fact]
    public async Task AMigrationTimeoutThatChangesLaterDecidesFromThenOn()
    {
        using var gateway = new TestGateway { Welcome = Welcome(idleTimeoutMs: 60_000, migrationTimeoutMs: 30_000) };
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await HearAsync(room, stream);
            await connection.Control.SendAsync(new ServerFrame { Settings = new Settings { MigrationTimeoutMs = 3_000 } });
            await connection.ReadControlUntilNowAsync();
            Assert.Equal(TimeSpan.FromSeconds(3), client.MigrationTimeout);
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            gateway.Time.Advance(TimeSpan.FromSeconds(3));

            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    [Fact]
    public async Task SilenceWhileSendingIsNoticedToo()
    {
        using var gateway = new TestGateway();
        var (client, _, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            for (var tenth = 0; tenth < 400 && !client.Closed.IsCompleted; tenth++)
            {
                gateway.Time.Advance(TimeSpan.FromSeconds(0.1));
                if (tenth < 300)
                {
                    _ = room.PublishAsync("text");
                }
            }

            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    [Fact]
    public async Task AFirstMessageAfterALongSilenceIsNotASignOfADeadPath()
    {
        using var gateway = new TestGateway();
        var (client, connection, room, stream) = await gateway.JoinAsync();
        await using (client)
        {
            await AnswerAsync(gateway, connection, TimeSpan.FromSeconds(30));
            gateway.Time.Advance(TimeSpan.FromSeconds(19.9));
            var publishing = room.PublishAsync("hello again");
            await stream.ReadPublishAsync();

            Assert.Empty(await connection.ReadControlUntilNowAsync());
            await stream.AckAsync(1, 1);
            await publishing.For("the receipt");
        }
    }

    [Fact]
    public async Task WithoutAnEnginesPingsTheClientSendsItsOwn()
    {
        using var gateway = new TestGateway { HasKeepAlive = false };
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            // Idle: after 20 s of silence.
            gateway.Time.Advance(TimeSpan.FromSeconds(19.9));
            Assert.Empty(await connection.ReadControlUntilNowAsync());
            gateway.Time.Advance(Idle);
            Assert.Equal(1UL, (await connection.Control.ReadAsync()).Ping.Number);
            await connection.Control.SendAsync(new ServerFrame { Pong = new Pong { Number = 1 } });
            await connection.ReadControlUntilNowAsync();

            // Active: after 1 s.
            var joining = client.JoinAsync("lobby");
            var stream = await connection.AcceptRoomAsync();
            await HearAsync(await joining.For("the room to be joined"), stream);
            gateway.Time.Advance(Active);
            Assert.Equal(2UL, (await connection.Control.ReadAsync()).Ping.Number);

            // And on, while the room counts as active.
            for (var i = 1; i < 29; i++)
            {
                gateway.Time.Advance(Active);
                Assert.Equal(2UL + (ulong)i, (await connection.Control.ReadAsync()).Ping.Number);
            }

            gateway.Time.Advance(Active);
            Assert.False(client.Closed.IsCompleted);
            gateway.Time.Advance(Active);
            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AChangeOfTheNetworkShowsTheGatewayTheNewPathAtOnce(bool hasKeepAlive)
    {
        using var gateway = new TestGateway { HasKeepAlive = hasKeepAlive };
        var (client, connection) = await gateway.ConnectAsync();
        await using (client)
        {
            client.NotifyNetworkChanged();
            Assert.Equal(1UL, (await connection.Control.ReadAsync()).Ping.Number);

            // Without an answer it asks on, idle as it is, and gives up in time.
            gateway.Time.Advance(TimeSpan.FromSeconds(20));
            Assert.NotNull((await connection.Control.ReadAsync()).Ping);
            gateway.Time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(ErrorCode.MigrationFailed, (await client.Closed.For("the client to give the path up")).Code);
        }
    }

    // What makes a room active.
    private static async Task HearAsync(ChatRoom room, GatewayStream stream)
    {
        await stream.SendMessageAsync(1);
        await room.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask().For("the message");
    }

    private static Welcome Welcome(uint idleTimeoutMs, uint migrationTimeoutMs)
    {
        using var gateway = new TestGateway();
        var welcome = gateway.Welcome.Clone();
        (welcome.IdleTimeoutMs, welcome.MigrationTimeoutMs) = (idleTimeoutMs, migrationTimeoutMs);
        return welcome;
    }

    // Lets time pass while the gateway answers each Ping, and is heard at least each second.
    private static async Task AnswerAsync(TestGateway gateway, GatewayConnection connection, TimeSpan time)
    {
        while (time > TimeSpan.Zero)
        {
            var step = time < Active ? time : Active;
            gateway.Time.Advance(step);
            time -= step;
            await connection.ReadControlUntilNowAsync();
        }
    }
}
