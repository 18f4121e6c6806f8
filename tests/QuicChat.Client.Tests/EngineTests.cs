using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.Client.Tests;

/// <summary>The library on the real engine, over UDP: that it works, and what is said where it cannot.</summary>
public sealed class EngineTests
{
    private static readonly Lazy<PemCertificate> Certificate = new(() =>
    {
        var directory = Directory.CreateTempSubdirectory("quicchat-client-tests-");
        try
        {
            return DevelopmentCertificate.Ensure(directory.FullName, TimeProvider.System);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    });

    internal static string Fingerprint => Certificate.Value.Fingerprint;

    [Fact]
    public async Task AClientChatsOverUdp()
    {
        await using var listener = await ListenAsync();
        var connecting = ChatClient.ConnectAsync(Options(listener.EndPoint));
        var connection = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
        Assert.Equal("token", (await connection.AcceptHelloAsync()).Token);
        using var gateway = new TestGateway();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        await using var client = await connecting.For("the client to be welcomed");
        Assert.Equal("ann", client.UserId);

        var joining = client.JoinAsync("lobby");
        var stream = await connection.AcceptRoomAsync();
        var room = await joining.For("the room to be joined");
        var publishing = room.PublishAsync("Hello");
        Assert.Equal("Hello", (await stream.ReadPublishAsync()).Body);
        await stream.AckAsync(1, 1);
        await stream.SendMessageAsync(1, "Hello");
        Assert.Equal(1, (await publishing.For("the receipt")).Offset);
        await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
        Assert.True(await reading.MoveNextAsync().AsTask().For("the message"));

        var leaving = room.LeaveAsync();
        Assert.NotNull((await stream.ReadAsync()).Leave);
        Assert.Null(await stream.TryReadAsync());
        stream.Complete();
        await leaving.For("the room to be left");

        var refusing = client.JoinAsync("secret");
        (await connection.AcceptStreamAsync()).Abort(ErrorCode.NotAllowed);
        Assert.Equal(ErrorCode.NotAllowed, (await Assert.ThrowsAsync<RoomClosedException>(() => refusing.For("the refusal"))).Code);

        connection.Server.Close((ulong)ErrorCode.Kicked, "enough");
        Assert.Equal(
            new ChatCloseReason(ChatCloseOrigin.Gateway, ErrorCode.Kicked, "The gateway closed the connection with KICKED: enough."),
            await client.Closed.For("the connection's end"));
    }

    [Fact]
    public async Task AListenerWhoseNatForgetsItIsReachedAgainByItsOwnKeepAlive()
    {
        await using var listener = await ListenAsync();
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = (IPEndPoint)listener.EndPoint });
        var connecting = ChatClient.ConnectAsync(Options(path.ListenEndPoint));
        var connection = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
        await connection.AcceptHelloAsync();
        using var gateway = new TestGateway();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        await using var client = await connecting.For("the client to be welcomed");
        var joining = client.JoinAsync("lobby");
        var stream = await connection.AcceptRoomAsync();
        var room = await joining.For("the room to be joined");
        await using var reading = room.ReadAllAsync().GetAsyncEnumerator();
        await stream.SendMessageAsync(1);
        Assert.True(await reading.MoveNextAsync().AsTask().For("the message before the change"));

        path.RebindAll();
        var began = TimeProvider.System.GetTimestamp();
        await stream.SendMessageAsync(2);
        Assert.True(await reading.MoveNextAsync().AsTask().For("the message after the change"));

        // A second of silence, and time for a busy machine; an idle client would send after twenty.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public async Task AnAnswerIsNotLostToAPathThatChangesMeanwhile()
    {
        await using var listener = await ListenAsync();
        await using var path = PathSimulator.Start(new PathSimulatorOptions { Server = (IPEndPoint)listener.EndPoint });
        var connecting = ChatClient.ConnectAsync(Options(path.ListenEndPoint, connectTimeout: TimeSpan.FromSeconds(30)));
        var connection = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
        await connection.AcceptHelloAsync();
        using var gateway = new TestGateway();

        // A second of silence each, and time for a busy machine; an idle client would send after twenty.
        path.RebindAll();
        var began = TimeProvider.System.GetTimestamp();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        await using var client = await connecting.For("the client to be welcomed");
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(8));

        var joining = client.JoinAsync("lobby");
        var stream = await connection.AcceptStreamAsync();
        Assert.NotNull((await stream.ReadAsync()).Join);
        path.RebindAll();
        began = TimeProvider.System.GetTimestamp();
        await stream.SendAsync(new ServerFrame { Joined = new Joined { Position = new Position { Epoch = "e1", Offset = 0 } } });
        await joining.For("the room to be joined");
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task AClientMovesToAnotherAddressByItselfAndItsRoomGoesOn()
    {
        await using var listener = await ListenAsync(address: IPAddress.IPv6Any);
        var server = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)listener.EndPoint).Port);
        var connecting = ChatClient.ConnectAsync(Options(server));
        var accepted = (await listener.AcceptAsync().AsTask().For("the connection"))!;
        var connection = new GatewayConnection(accepted);
        await connection.AcceptHelloAsync();
        using var gateway = new TestGateway();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
        await using var client = await connecting.For("the client to be welcomed");
        var joining = client.JoinAsync("lobby");
        var stream = await connection.AcceptRoomAsync();
        var room = await joining.For("the room to be joined");
        await using var reading = room.ReadAllAsync().GetAsyncEnumerator();

        var offset = 0UL;
        foreach (var address in (string[])["127.0.0.2", "::1", "127.0.0.1"])
        {
            await client.MigrateAsync(IPAddress.Parse(address)).For($"the move to {address}");
            await stream.SendMessageAsync(++offset);
            Assert.True(await reading.MoveNextAsync().AsTask().For("the message after the move"));
            var publishing = room.PublishAsync($"from {address}");
            Assert.Equal($"from {address}", (await stream.ReadPublishAsync()).Body);
            Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
            Assert.Equal(IPAddress.Parse(address), client.LocalEndPoint.Address);
            await stream.AckAsync(offset, offset);
            await publishing.For("the receipt");
        }

        var refusal = await Assert.ThrowsAsync<SocketException>(() => client.MigrateAsync(IPAddress.Parse("192.0.2.1")).For("the refusal"));
        Assert.Contains("192.0.2.1 is not an address of this machine", refusal.Message, StringComparison.Ordinal);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ChatClosedException>(() => client.MigrateAsync(IPAddress.Loopback).For("the refusal"));
    }

    [Fact]
    public async Task ASessionThatAGatewayRefusesInTheHandshakeComesBackUntilItIsAdmitted()
    {
        var (admits, refused) = (true, 0);
        await using var listener = await ListenAsync(admit: () => Volatile.Read(ref admits) || Interlocked.Increment(ref refused) > 2);
        using var gateway = new TestGateway();
        var states = new List<SessionState>();
        await using var session = new ChatSession(
            Options(listener.EndPoint),
            new ChatSessionOptions { FirstRetryDelay = TimeSpan.FromMilliseconds(20), MaxRetryDelay = TimeSpan.FromMilliseconds(40) });
        session.StateChanged += state =>
        {
            lock (states)
            {
                states.Add(state);
            }
        };
        var connecting = session.ConnectAsync();
        var connection = await WelcomeAsync();
        await connecting.For("the session to be welcomed");
        var joining = session.JoinAsync("lobby");
        var stream = await connection.AcceptRoomAsync();
        var room = await joining.For("the room to be joined");

        // As a gateway that is full, or is going away.
        Volatile.Write(ref admits, false);
        connection.Server.Close((ulong)ErrorCode.GoingAway, "the gateway restarts");
        var publishing = room.PublishAsync("Hello");
        connection = await WelcomeAsync();

        Assert.Equal(3, refused);
        stream = await connection.AcceptRoomAsync();
        Assert.Equal("Hello", (await stream.ReadPublishAsync()).Body);
        await stream.AckAsync(1, 1);
        Assert.Equal(1, (await publishing.For("the receipt")).Offset);
        lock (states)
        {
            var tries = states.OfType<SessionState.Reconnecting>().ToList();
            Assert.Equal([1, 2, 3], tries.Select(state => state.Attempt));
            Assert.Contains("GOING_AWAY", tries[0].Reason, StringComparison.Ordinal);
            Assert.All(tries[1..], state => Assert.Contains("takes no connections now", state.Reason, StringComparison.Ordinal));
        }

        async Task<GatewayConnection> WelcomeAsync()
        {
            var accepted = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
            await accepted.AcceptHelloAsync();
            await accepted.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });
            return accepted;
        }
    }

    [Fact]
    public async Task DisposingTellsTheGateway()
    {
        await using var listener = await ListenAsync();
        var connecting = ChatClient.ConnectAsync(Options(listener.EndPoint));
        var connection = new GatewayConnection((await listener.AcceptAsync().AsTask().For("the connection"))!);
        await connection.AcceptHelloAsync();
        using var gateway = new TestGateway();
        await connection.Control.SendAsync(new ServerFrame { Welcome = gateway.Welcome });

        await (await connecting.For("the client to be welcomed")).DisposeAsync().AsTask().For("the client to be disposed");

        var closure = await connection.Server.Closed.For("the gateway's side of the end");
        Assert.Equal((ConnectionCloseOrigin.Peer, 0UL), (closure.Origin, closure.ApplicationErrorCode!.Value));
    }

    [Fact]
    public async Task WhereNobodyListensTheMessageSaysSo()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));

        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(Options(silent.Client.LocalEndPoint!, TimeSpan.FromMilliseconds(300))).For("the client to give up"));

        Assert.StartsWith($"No answer from {silent.Client.LocalEndPoint} within 0.3 s: no gateway listens there", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerWithAnotherFingerprintIsNotTrusted()
    {
        await using var listener = await ListenAsync();

        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(Options(listener.EndPoint, trust: new ServerTrust.Pinned(new byte[32]))).For("the client to refuse"));

        Assert.StartsWith($"The server at {listener.EndPoint} is not the trusted one", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerOfAnotherProtocolIsNamedAsSuch()
    {
        await using var listener = await ListenAsync(applicationProtocol: "h3");

        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(Options(listener.EndPoint)).For("the client to give up"));

        Assert.StartsWith($"The server at {listener.EndPoint} does not speak quicchat/1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnreadableAuthorityFileIsNamed()
    {
        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(Options(new IPEndPoint(IPAddress.Loopback, 1), trust: new ServerTrust.Authority("/no/such/ca.pem", "localhost"))));

        Assert.Contains("/no/such/ca.pem", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALocalAddressThatIsNotOnesOwnIsNamed()
    {
        var refused = await Assert.ThrowsAsync<ChatConnectException>(
            () => ChatClient.ConnectAsync(Options(new IPEndPoint(IPAddress.Loopback, 1), local: IPEndPoint.Parse("192.0.2.1:0"))));

        Assert.StartsWith("The local address 192.0.2.1:0 cannot be used", refused.Message, StringComparison.Ordinal);
    }

    private static ChatClientOptions Options(EndPoint server, TimeSpan? connectTimeout = null, ServerTrust? trust = null, IPEndPoint? local = null) => new()
    {
        Servers = [server.ToString()!],
        Trust = trust ?? new ServerTrust.Pinned(Certificate.Value.Sha256),
        Token = "token",
        LocalEndPoint = local,
        ConnectTimeout = connectTimeout ?? TimeSpan.FromSeconds(10),
    };

    internal static async Task<IMultiplexedConnectionListener> ListenAsync(
        string applicationProtocol = QuicDefaults.ApplicationProtocol, IPAddress? address = null, Func<bool>? admit = null)
    {
        var options = new QuicListenerOptions { Certificate = Certificate.Value, ApplicationProtocol = applicationProtocol, Admit = admit };
        return await QuicEngine.CreateListenerFactory(QuicEngineKind.Auto, options).BindAsync(new IPEndPoint(address ?? IPAddress.Loopback, 0));
    }
}
