using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A gateway without network and cluster.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    public TestGateway(Action<SessionOptions>? sessions = null, Action<FanoutOptions>? fanout = null)
    {
        var gatewayOptions = Options.Create(new GatewayOptions { Id = "gw-test", Engine = QuicEngineKind.Ngtcp2, Store = "none" });
        var sessionOptions = new SessionOptions();
        sessions?.Invoke(sessionOptions);
        var fanoutOptions = new FanoutOptions();
        fanout?.Invoke(fanoutOptions);
        Relays = new RoomRelays(Cluster, gatewayOptions, Options.Create(fanoutOptions), Time, Metrics.Gateway, NullLogger<RoomRelays>.Instance);
        Sessions = new ClientSessions(
            Cluster,
            Relays,
            new TokenValidator(Tokens.Key, Time),
            gatewayOptions,
            Options.Create(sessionOptions),
            Time,
            Metrics.Gateway,
            NullLogger<ClientSessions>.Instance);
        Observer = new GatewayObserver(Relays, Sessions, Metrics.Gateway, NullLogger<GatewayObserver>.Instance);
        Cluster.Observer = Observer;
        Lease = new LeaseKeeper(Cluster, Sessions, Relays, gatewayOptions, Time, Metrics.Gateway, NullLogger<LeaseKeeper>.Instance);
    }

    public TestTime Time { get; } = new();

    public FakeCluster Cluster { get; } = new();

    public Metrics Metrics { get; } = new();

    public RoomRelays Relays { get; }

    public ClientSessions Sessions { get; }

    public GatewayObserver Observer { get; }

    public LeaseKeeper Lease { get; }

    /// <summary>A connection that has said nothing yet.</summary>
    public TestConnection Connect(Action<TestConnection>? configure = null)
    {
        var connection = new TestConnection();
        configure?.Invoke(connection);
        Sessions.Start(connection);
        return connection;
    }

    /// <summary>A connection that was welcomed.</summary>
    public async Task<TestClient> ConnectAsync(
        string user = "alice", string clientId = "phone", Action<TestConnection>? configure = null, object? rooms = null)
    {
        var connection = Connect(configure);
        var control = connection.Open();
        await control.SendAsync(Frames.Hello(Tokens.Create(Time, user, rooms: rooms), clientId));
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
