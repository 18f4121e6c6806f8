using System.Net;
using QuicChat.Client;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo;

/// <summary>A simulated network of the client's own, whose NAT rebinds: the client does not know.</summary>
internal sealed class SimulatedDemoPath(IPEndPoint gateway, LinkConditions conditions, int seed) : DemoPath
{
    // The path and its links carry few datagrams; the default of the simulator is for relays of many clients.
    private const int SocketBufferBytes = 512 * 1024;

    private readonly PathSimulator _simulator = PathSimulator.Start(new PathSimulatorOptions
    {
        Server = gateway,
        ToServer = conditions,
        ToClient = conditions,
        Seed = seed,
        SocketBufferBytes = SocketBufferBytes,
    });

    /// <inheritdoc />
    public override IPEndPoint Server => _simulator.ListenEndPoint;

    /// <inheritdoc />
    public override IPEndPoint Seen(ChatClient client) => _simulator.Clients[^1].Path.LocalEndPoint;

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => _simulator.DisposeAsync();

    /// <inheritdoc />
    protected override Task ChangeAsync(ChatClient client, IPAddress? address)
    {
        _simulator.RebindAll(address);
        return Task.CompletedTask;
    }
}
