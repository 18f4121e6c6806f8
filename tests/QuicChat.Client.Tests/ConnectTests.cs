using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Client.Tests;

public sealed class ConnectTests
{
    [Fact]
    public async Task AWelcomedClientKnowsWhoItIs()
    {
        using var gateway = new TestGateway();
        var connecting = ChatClient.ConnectAsync(gateway.Options(token: "a.b.c", clientId: "anns-phone"));
        var connection = await gateway.AcceptAsync();

        var hello = await connection.AcceptHelloAsync();
        Assert.Equal(new Hello { Token = "a.b.c", ClientId = "anns-phone" }, hello);
        Assert.False(connecting.IsCompleted);

        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        await using var client = await connecting.For("the client to be welcomed");
        Assert.Equal("0102030405060708090a0b0c0d0e0f10", client.ConnectionId.ToString());
        Assert.Equal(("ann", "Ann", "anns-phone", "gw-1"), (client.UserId, client.UserName, client.ClientId, client.GatewayId));
        Assert.Equal((TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30)), (client.IdleTimeout, client.MigrationTimeout));
        Assert.Equal(IPEndPoint.Parse("192.0.2.1:4433"), client.RemoteEndPoint);
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public void AClientIdIsRandomUnlessTheApplicationKeepsOne()
    {
        var options = Enumerable.Range(0, 3).Select(_ => new ChatClientOptions { Servers = ["a"], Trust = new ServerTrust.Pinned(new byte[32]) });

        Assert.Equal(3, options.Select(each => each.ClientId).Distinct().Count());
    }

    [Fact]
    public async Task ATokenProviderIsAskedForEachConnection()
    {
        using var gateway = new TestGateway();
        var number = 0;
        var options = gateway.Options(tokenProvider: _ => ValueTask.FromResult($"token-{++number}"));
        for (var i = 1; i <= 2; i++)
        {
            var connecting = ChatClient.ConnectAsync(options);
            var connection = await gateway.AcceptAsync();
            Assert.Equal($"token-{i}", (await connection.AcceptHelloAsync()).Token);
            await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
            await (await connecting.For("the client to be welcomed")).DisposeAsync();
        }
    }

    [Fact]
    public async Task ServersAreTriedInOrderUntilOneAnswers()
    {
        using var gateway = new TestGateway { Refuse = endPoint => endPoint.Port == 3 ? null : NoAnswer() };

        var (client, _) = await gateway.ConnectAsync(gateway.Options(servers: ["192.0.2.1:1", "[2001:db8::1]:2", "192.0.2.3:3", "192.0.2.4:4"]));

        await using (client)
        {
            Assert.Equal([1, 2, 3], gateway.Asked.Select(endPoint => endPoint.Port));
            Assert.Equal(3, client.RemoteEndPoint.Port);
        }

        Assert.True(gateway.IsReleased);
    }

    [Fact]
    public async Task WhereNoServerAnswersTheMessageNamesEach()
    {
        using var gateway = new TestGateway { Refuse = _ => NoAnswer() };

        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(gateway.Options(servers: ["192.0.2.1:1", "[2001:db8::1]:2"])));

        Assert.Contains("192.0.2.1:1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("[2001:db8::1]:2", refused.Message, StringComparison.Ordinal);
        AssertOneLine(refused.Message);
        Assert.True(refused.IsReconnectable);
        Assert.True(gateway.IsReleased);
    }

    public static TheoryData<Exception, string> Refusals => new()
    {
        { NoAnswer(), "No answer from 192.0.2.1:4433 within 10 s: no gateway listens there, or UDP is blocked" },
        { Failed(ConnectionCloseOrigin.Peer, transport: 0x178), "does not speak quicchat/1" },
        { Failed(ConnectionCloseOrigin.Local, transport: 0x12a, reason: "fingerprint differs"), "is not the trusted one (fingerprint differs). Check the fingerprint" },
        { new AuthenticationException("bad certificate"), "is not the trusted one (bad certificate)" },
        { Failed(ConnectionCloseOrigin.Peer, transport: 0x2, reason: ""), "takes no connections now: it is full, or is going away. Try another one" },
        { Failed(ConnectionCloseOrigin.Peer, transport: 0x1, reason: "busy"), "closed the connection with transport error 0x1: busy" },
        { Failed(ConnectionCloseOrigin.Peer, application: 7, reason: "draining"), "closed the connection with GOING_AWAY: draining" },
        { new SocketException((int)SocketError.NetworkUnreachable), "No connection to 192.0.2.1:4433: " },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task AFailureIsOneLineThatSaysWhatToDo(Exception error, string expected)
    {
        using var gateway = new TestGateway { Refuse = _ => error };

        var refused = await Assert.ThrowsAsync<ChatConnectException>(() => ChatClient.ConnectAsync(gateway.Options()));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        AssertOneLine(refused.Message);
        Assert.Same(error, refused.InnerException);
    }

    [Fact]
    public async Task ARefusedTokenIsNotOfferedToTheNextServer()
    {
        using var gateway = new TestGateway();
        var connecting = ChatClient.ConnectAsync(gateway.Options(servers: ["192.0.2.1:1", "192.0.2.2:2"]));
        var connection = await gateway.AcceptAsync();
        await connection.AcceptHelloAsync();
        connection.Server.Close((ulong)ErrorCode.AuthFailed, "the token has expired");

        var refused = await Assert.ThrowsAsync<ChatConnectException>(() => connecting.For("the refusal"));

        Assert.Equal(
            "The gateway at 192.0.2.1:1 refused the token: The gateway closed the connection with AUTH_FAILED: the token has expired. Get a new token.",
            refused.Message);
        Assert.Equal(ErrorCode.AuthFailed, refused.Code);
        Assert.False(refused.IsReconnectable);
        Assert.Single(gateway.Asked);
        Assert.True(connection.Client.IsDisposed);
    }

    [Fact]
    public async Task AGatewayThatDoesNotWelcomeIsGivenUpInTime()
    {
        using var gateway = new TestGateway();
        var connecting = ChatClient.ConnectAsync(gateway.Options());
        var connection = await gateway.AcceptAsync();
        await connection.AcceptHelloAsync();

        gateway.Time.Advance(TimeSpan.FromSeconds(10));

        var refused = await Assert.ThrowsAsync<ChatConnectException>(() => connecting.For("the client to give up"));
        Assert.Contains("did not welcome the client within 10 s", refused.Message, StringComparison.Ordinal);
        Assert.True(connection.Client.IsDisposed);
    }

    [Fact]
    public async Task ConnectingCanBeCancelled()
    {
        using var gateway = new TestGateway();
        using var cancellation = new CancellationTokenSource();
        var connecting = ChatClient.ConnectAsync(gateway.Options(), cancellation.Token);
        var connection = await gateway.AcceptAsync();
        await connection.AcceptHelloAsync();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.For("the client to give up"));
        Assert.True(connection.Client.IsDisposed);
        Assert.True(gateway.IsReleased);
    }

    [Fact]
    public async Task AGatewayThatDoesNotBeginWithWelcomeBreaksTheProtocol()
    {
        using var gateway = new TestGateway();
        var connecting = ChatClient.ConnectAsync(gateway.Options());
        var connection = await gateway.AcceptAsync();
        await connection.AcceptHelloAsync();
        await connection.Control.SendAsync(new ServerFrame { Pong = new Pong { Number = 1 } });

        var refused = await Assert.ThrowsAsync<ChatConnectException>(() => connecting.For("the client to refuse"));

        Assert.Contains("began with Pong, not Welcome", refused.Message, StringComparison.Ordinal);
        var closure = await connection.Server.Closed.For("the connection's end");
        Assert.Equal((ulong)ErrorCode.ProtocolViolation, closure.ApplicationErrorCode);
    }

    [Fact]
    public async Task ANameThatCannotBeResolvedIsNamed()
    {
        using var gateway = new TestGateway();

        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(gateway.Options(servers: ["no-such-host.invalid:1"])).For("the name's failure"));

        Assert.StartsWith("The name of the server no-such-host.invalid:1 cannot be resolved", refused.Message, StringComparison.Ordinal);
        Assert.Empty(gateway.Asked);
    }

    [Fact]
    public async Task TheEngineIsSetUpFromTheOptions()
    {
        using var gateway = new TestGateway();
        var (client, _) = await gateway.ConnectAsync();
        await using (client)
        {
            Assert.NotNull(gateway.QuicOptions);
            Assert.Equal(TimeSpan.FromSeconds(20), gateway.QuicOptions.KeepAliveInterval);
            Assert.Equal(TimeSpan.FromSeconds(10), gateway.QuicOptions.HandshakeTimeout);
            Assert.True(gateway.QuicOptions.ConnectionReceiveWindow >= 128 * gateway.QuicOptions.StreamReceiveWindow);
        }
    }

    [Fact]
    public async Task AllThatIsWrongWithTheOptionsIsSaidAtOnce()
    {
        var options = new ChatClientOptions
        {
            Servers = ["good.example", "bad host", "192.0.2.1:99999", "[192.0.2.1]:1", "::1"],
            Trust = null!,
            ClientId = "two words",
            IdleKeepAlive = TimeSpan.Zero,
            MaxPublishesInFlight = 0,
            MaxUnreadMessages = 0,
        };

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => ChatClient.ConnectAsync(options));

        string[] expected =
        [
            "'bad host'", "'192.0.2.1:99999'", "'[192.0.2.1]:1'", "'::1'", "Trust", "Token or TokenProvider", "client ID", "IdleKeepAlive",
            "MaxPublishesInFlight", "MaxUnreadMessages",
        ];
        Assert.All(expected, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("good.example", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat.example", "chat.example:4433")]
    [InlineData("chat.example:1", "chat.example:1")]
    [InlineData("192.0.2.1:65535", "192.0.2.1:65535")]
    [InlineData("[::1]", "[::1]:4433")]
    [InlineData("[2001:db8::1]:4434", "[2001:db8::1]:4434")]
    [InlineData("", null)]
    [InlineData(":1", null)]
    [InlineData("host:", null)]
    [InlineData("host:0", null)]
    [InlineData("host:+1", null)]
    [InlineData("host:1:2", null)]
    [InlineData("[::1]1", null)]
    [InlineData("[::1", null)]
    public void AServerIsAHostAndAPort(string text, string? expected)
        => Assert.Equal(expected, ServerAddress.TryParse(text, out var address) ? address.ToString() : null);

    private static QuicConnectionClosedException NoAnswer() => Failed(ConnectionCloseOrigin.HandshakeTimeout);

    private static QuicConnectionClosedException Failed(
        ConnectionCloseOrigin origin, ulong? application = null, ulong? transport = null, string reason = "")
        => new(new ConnectionClosure(origin, application, transport, reason));

    private static void AssertOneLine(string message) => Assert.DoesNotContain('\n', message);
}
