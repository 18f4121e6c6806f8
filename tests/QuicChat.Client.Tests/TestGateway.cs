using System.Net;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using QuicChat.Client.Tests.InMemory;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Client.Tests;

/// <summary>A gateway without a network, without a will of its own, and with a clock that the test moves.</summary>
internal sealed class TestGateway : IMultiplexedConnectionFactory, IDisposable
{
    private readonly Channel<GatewayConnection> _accepted = Channel.CreateUnbounded<GatewayConnection>();

    public FakeTimeProvider Time { get; } = new();

    /// <summary>Bytes that a stream holds unread.</summary>
    public int Window { get; init; } = 16 * 1024;

    /// <summary>Whether the client's engine has a keep-alive of its own.</summary>
    public bool HasKeepAlive { get; init; } = true;

    /// <summary>What a connection to an end point fails with, if it does.</summary>
    public Func<IPEndPoint, Exception?> Refuse { get; init; } = _ => null;

    /// <summary>Whether nothing ever comes back from an end point.</summary>
    public Func<IPEndPoint, bool> IsSilent { get; init; } = _ => false;

    /// <summary>What clients wait of their longest waits: nothing, unless the test says otherwise.</summary>
    public Func<double> Jitter { get; init; } = () => 0;

    /// <summary>What the library logs.</summary>
    public LoggedEvents Events { get; } = new();

    /// <summary>The end points that connections were opened to.</summary>
    public List<IPEndPoint> Asked { get; } = [];

    /// <summary>How the client's engine was set up.</summary>
    public QuicClientOptions? QuicOptions { get; private set; }

    /// <summary>Whether the client has released its engine.</summary>
    public bool IsReleased { get; private set; }

    public Welcome Welcome { get; init; } = new()
    {
        ConnectionId = ByteString.CopyFrom(Enumerable.Range(1, ConnectionId.Length).Select(i => (byte)i).ToArray()),
        UserId = "ann",
        UserName = "Ann",
        GatewayId = "gw-1",
        IdleTimeoutMs = 60_000,
        MigrationTimeoutMs = 30_000,
    };

    public ChatClientOptions Options(
        string token = "token",
        IReadOnlyList<string>? servers = null,
        string? clientId = null,
        int maxPublishesInFlight = 64,
        int maxUnreadMessages = 256,
        Func<CancellationToken, ValueTask<string>>? tokenProvider = null) => new()
        {
            Servers = servers ?? ["192.0.2.1:4433"],
            Trust = new ServerTrust.Pinned(new byte[32]),
            Token = tokenProvider is null ? token : null,
            TokenProvider = tokenProvider,
            ClientId = clientId ?? "phone",
            MaxPublishesInFlight = maxPublishesInFlight,
            MaxUnreadMessages = maxUnreadMessages,
            TimeProvider = Time,
            Jitter = () => Jitter(),
            LoggerFactory = Events,
            ConnectionFactory = options =>
            {
                QuicOptions = options;
                return this;
            },
        };

    public async ValueTask<MultiplexedConnectionContext> ConnectAsync(
        EndPoint endPoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        lock (Asked)
        {
            Asked.Add((IPEndPoint)endPoint);
        }

        if (Refuse((IPEndPoint)endPoint) is { } error)
        {
            throw error;
        }

        if (IsSilent((IPEndPoint)endPoint))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        var (client, server) = InMemoryConnection.CreatePair(Window, HasKeepAlive);
        _accepted.Writer.TryWrite(new GatewayConnection(server, client));
        return client;
    }

    /// <summary>The next connection, however long it takes.</summary>
    public ValueTask<GatewayConnection> AcceptAsync(CancellationToken cancellationToken) => _accepted.Reader.ReadAsync(cancellationToken);

    public async Task<GatewayConnection> AcceptAsync() => await _accepted.Reader.ReadAsync().AsTask().For("a connection of the client");

    /// <summary>The next connection, with its Hello, welcomed.</summary>
    public async Task<(GatewayConnection Connection, Hello Hello)> WelcomeNextAsync(Welcome? welcome = null)
    {
        var connection = await AcceptAsync();
        var hello = await connection.AcceptHelloAsync();
        await connection.Control.SendAsync(new ServerFrame { Welcome = welcome ?? Welcome });
        return (connection, hello);
    }

    /// <summary>A session, its welcomed connection, and its states from then on.</summary>
    public async Task<(ChatSession Session, GatewayConnection Connection, StateLog States)> ConnectSessionAsync(
        ChatClientOptions? options = null, ChatSessionOptions? sessionOptions = null)
    {
        var session = new ChatSession(options ?? Options(), sessionOptions);
        var states = new StateLog(session);
        var connecting = session.ConnectAsync();
        var (connection, _) = await WelcomeNextAsync();
        await connecting.For("the session to be connected");
        await states.NextAsync<SessionState.Connected>();
        return (session, connection, states);
    }

    /// <summary>A session, its connection, a room that it has joined, and its states from then on.</summary>
    public async Task<(ChatSession Session, GatewayConnection Connection, SessionRoom Room, GatewayStream Stream, StateLog States)> JoinSessionAsync(
        ChatClientOptions? options = null, ChatSessionOptions? sessionOptions = null, JoinOptions? joinOptions = null, Joined? joined = null)
    {
        var (session, connection, states) = await ConnectSessionAsync(options, sessionOptions);
        var joining = session.JoinAsync("lobby", joinOptions);
        var stream = await connection.AcceptRoomAsync(joined);
        return (session, connection, await joining.For("the room to be joined"), stream, states);
    }

    /// <summary>A client and its welcomed connection.</summary>
    public async Task<(ChatClient Client, GatewayConnection Connection)> ConnectAsync(ChatClientOptions? options = null)
    {
        var connecting = ChatClient.ConnectAsync(options ?? Options());
        var connection = await AcceptAsync();
        await connection.AcceptHelloAsync();
        await connection.Control.SendAsync(new ServerFrame { Welcome = Welcome });
        return (await connecting.For("the client to be welcomed"), connection);
    }

    /// <summary>A client, its connection, and a room that it has joined.</summary>
    public async Task<(ChatClient Client, GatewayConnection Connection, ChatRoom Room, GatewayStream Stream)> JoinAsync(
        ChatClientOptions? options = null, JoinOptions? joinOptions = null, Joined? joined = null)
    {
        var (client, connection) = await ConnectAsync(options);
        var joining = client.JoinAsync("lobby", joinOptions);
        var stream = await connection.AcceptRoomAsync(joined);
        return (client, connection, await joining.For("the room to be joined"), stream);
    }

    /// <summary>Moves time on once the library has armed a wait and logged so.</summary>
    public async Task AdvanceAfterAsync(string eventName, TimeSpan time)
    {
        await Events.NextAsync(eventName);
        Time.Advance(time);
    }

    public void Dispose() => IsReleased = true;
}
