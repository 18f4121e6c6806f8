using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Protocol;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A gateway without network and cluster.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TestConnection, Task> _served = [];

    public TestGateway(
        Action<SessionOptions>? sessions = null, Action<FanoutOptions>? fanout = null, string id = "gw-test", FakeCluster? cluster = null,
        Action<LimitOptions>? limits = null)
    {
        Cluster = cluster ?? new FakeCluster();
        var gatewayOptions = Options.Create(new GatewayOptions { Id = id, Engine = QuicEngineKind.Ngtcp2, Store = "none" });
        var sessionOptions = new SessionOptions();
        sessions?.Invoke(sessionOptions);
        var limitOptions = new LimitOptions();
        limits?.Invoke(limitOptions);

        // Its clock stands still, and with it what is gathered.
        var fanoutOptions = new FanoutOptions { GatherTimePerMember = TimeSpan.Zero };
        fanout?.Invoke(fanoutOptions);
        Relays = new RoomRelays(Cluster, gatewayOptions, Options.Create(fanoutOptions), Time, Metrics.Gateway, NullLogger<RoomRelays>.Instance);
        SessionTokens = new SessionTokens(
            Cluster, Options.Create(sessionOptions), Time, Metrics.Gateway, NullLogger<SessionTokens>.Instance);
        Task.Run(() => SessionTokens.StartAsync(CancellationToken.None)).Wait();
        Sessions = new ClientSessions(
            Cluster,
            Relays,
            new TokenValidator(() => Keys, Tokens.Options, Time),
            SessionTokens,
            new GatewayLimits(Options.Create(limitOptions), Time, Metrics.Gateway, NullLogger<GatewayLimits>.Instance),
            gatewayOptions,
            Options.Create(sessionOptions),
            Time,
            Metrics.Gateway,
            NullLogger<ClientSessions>.Instance);
        Observer = new GatewayObserver(Relays, Sessions, Metrics.Gateway, NullLogger<GatewayObserver>.Instance);
        Cluster.Observer = Observer;
        Lease = new LeaseKeeper(
            Cluster, Sessions, Relays, new PoolKeeper(Pool, SessionTokens), gatewayOptions, Time, Metrics.Gateway, NullLogger<LeaseKeeper>.Instance);
    }

    public TestTime Time { get; } = new();

    /// <summary>The keys that tokens are verified with.</summary>
    public TokenKeySet Keys { get; set; } = Tokens.Keys;

    public FakeCluster Cluster { get; }

    public Metrics Metrics { get; } = new();

    public RoomRelays Relays { get; }

    public SessionTokens SessionTokens { get; }

    public ClientSessions Sessions { get; }

    public GatewayObserver Observer { get; }

    public ServerPool Pool { get; } = new(new IPEndPoint(IPAddress.Loopback, 0));

    public LeaseKeeper Lease { get; }

    /// <summary>A connection that has said nothing yet.</summary>
    public TestConnection Connect(Action<TestConnection>? configure = null)
    {
        var connection = new TestConnection();
        configure?.Invoke(connection);
        _served[connection] = Sessions.Start(connection);
        return connection;
    }

    /// <summary>Waits until the gateway is done with a connection.</summary>
    public Task ServedAsync(TestConnection connection) => _served[connection].Within("the end of a connection's serving");

    /// <summary>A connection that was welcomed.</summary>
    public async Task<TestClient> ConnectAsync(
        string user = "alice",
        string clientId = "phone",
        Action<TestConnection>? configure = null,
        string? token = null,
        ByteString? session = null,
        object? rooms = null)
    {
        var connection = Connect(configure);
        var control = connection.Open();
        await control.SendAsync(Frames.Hello(token ?? Tokens.Create(Time, user, claims: rooms is null ? [] : [(RoomNames.Claim, rooms)]), clientId, session));
        var welcome = (await control.ReceiveAsync("Welcome"))?.Welcome;
        return new TestClient(connection, control, welcome ?? throw new InvalidOperationException("The first answer was not Welcome."));
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await Sessions.StopAsync(now.Token);
        await Relays.StopAsync(CancellationToken.None).Within("the end of the relays");
        Metrics.Dispose();
    }
}
