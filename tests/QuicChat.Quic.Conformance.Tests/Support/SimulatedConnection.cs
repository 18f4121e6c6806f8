using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Simulation;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>A client connected to an echo server through the path simulator, and both ends of its connection.</summary>
internal sealed class SimulatedConnection : IAsyncDisposable
{
    private SimulatedConnection(EchoServer server, PathSimulator simulator, MultiplexedConnectionContext client, MultiplexedConnectionContext accepted, SimulatedClient path)
    {
        Server = server;
        Simulator = simulator;
        Client = client;
        Accepted = accepted;
        Path = path;
    }

    public EchoServer Server { get; }

    public PathSimulator Simulator { get; }

    public MultiplexedConnectionContext Client { get; }

    /// <summary>The same connection at the server.</summary>
    public MultiplexedConnectionContext Accepted { get; }

    public SimulatedClient Path { get; }

    public IConnectionPathFeature PathFeature => Accepted.Feature<IConnectionPathFeature>();

    public static async Task<SimulatedConnection> StartAsync(
        TestEngine engine,
        Func<ConnectionContext, Task>? onStream = null,
        TimeSpan? migrationTimeout = null,
        LinkConditions? conditions = null,
        int? seed = null,
        TimeSpan? keepAlive = null)
    {
        var server = await EchoServer.StartAsync(
            engine,
            onStream,
            options => new QuicListenerOptions
            {
                Certificate = options.Certificate,
                ServerId = options.ServerId,
                MigrationTimeout = migrationTimeout ?? options.MigrationTimeout,
            });
        var simulator = PathSimulator.Start(new PathSimulatorOptions
        {
            Server = server.EndPoint,
            AlternateServer = new IPEndPoint(IPAddress.IPv6Loopback, server.Port),
            ToServer = conditions ?? LinkConditions.Unimpaired,
            ToClient = conditions ?? LinkConditions.Unimpaired,
            Seed = seed,
        });
        var path = simulator.WaitForClientAsync();
        var options = keepAlive is null ? Clients.Options : new QuicClientOptions { Trust = Clients.Trust, KeepAliveInterval = keepAlive.Value };
        var client = await engine.ConnectAsync(simulator.ListenEndPoint, options);
        return new SimulatedConnection(server, simulator, client, await server.NextConnectionAsync(), await path.Within("the client to reach the simulator"));
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        await Simulator.DisposeAsync();
    }
}
