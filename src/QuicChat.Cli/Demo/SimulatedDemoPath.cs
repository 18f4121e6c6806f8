using System.Net;
using QuicChat.Client;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo;

/// <summary>A simulated network of the client's own, whose NAT rebinds: the client does not know.</summary>
/// <param name="gateways">Where paths lead to: the first to the first of them, each new one to the next.</param>
/// <param name="conditions">What the network does to each datagram.</param>
/// <param name="seed">Where its decisions come from.</param>
internal sealed class SimulatedDemoPath(IReadOnlyList<IPEndPoint> gateways, LinkConditions conditions, int seed) : DemoPath
{
    // The path and its links carry few datagrams; the default of the simulator is for relays of many clients.
    private const int SocketBufferBytes = 512 * 1024;

    private readonly PathSimulator _simulator = PathSimulator.Start(new PathSimulatorOptions
    {
        Server = gateways[0],
        ToServer = conditions,
        ToClient = conditions,
        Seed = seed,
        SocketBufferBytes = SocketBufferBytes,
    });

    private int _changes;

    /// <inheritdoc />
    public override IPEndPoint Server => _simulator.ListenEndPoint;

    /// <inheritdoc />
    public override IPEndPoint Seen(ChatClient client) => _simulator.Clients[^1].Path.LocalEndPoint;

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => _simulator.DisposeAsync();

    /// <inheritdoc />
    protected override Task ChangeAsync(ChatClient client, IPAddress? address)
    {
        var gateway = gateways[++_changes % gateways.Count];
        foreach (var simulated in _simulator.Clients)
        {
            simulated.Rebind(new IPEndPoint(address ?? simulated.Path.LocalEndPoint.Address, 0), gateway);
        }

        return Task.CompletedTask;
    }
}
