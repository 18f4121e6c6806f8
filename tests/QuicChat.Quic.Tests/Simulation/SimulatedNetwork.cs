using System.Net;

using Microsoft.Extensions.Time.Testing;

using QuicChat.Quic.Simulation;

namespace QuicChat.Quic.Tests.Simulation;

/// <summary>A server, a simulator before it, and a client behind it whose datagram 0 has already passed.</summary>
internal sealed class SimulatedNetwork : IAsyncDisposable
{
    /// <summary>So many datagrams fit into the socket buffers of any system.</summary>
    private const int MaxBurst = 50;

    private SimulatedNetwork(UdpPeer server, UdpPeer client, PathSimulator simulator, SimulatedClient path, FakeTimeProvider time)
    {
        Server = server;
        Client = client;
        Simulator = simulator;
        Path = path;
        Time = time;
    }

    public UdpPeer Server { get; }

    public UdpPeer Client { get; }

    public PathSimulator Simulator { get; }

    /// <summary>The simulator's side of <see cref="Client"/>.</summary>
    public SimulatedClient Path { get; }

    public FakeTimeProvider Time { get; }

    public static async Task<SimulatedNetwork> StartAsync(Func<IPEndPoint, PathSimulatorOptions>? options = null)
    {
        var time = new FakeTimeProvider();
        var server = new UdpPeer(IPAddress.Loopback);
        var client = new UdpPeer(IPAddress.Loopback);
        var simulator = PathSimulator.Start(options?.Invoke(server.EndPoint) ?? new PathSimulatorOptions { Server = server.EndPoint }, time);
        var seen = simulator.WaitForClientAsync();
        client.Send(0, simulator.ListenEndPoint);
        var path = await seen.Soon("the simulator to see the client");
        await server.ReceiveAsync("the first datagram");
        return new SimulatedNetwork(server, client, simulator, path, time);
    }

    /// <summary>Sends datagrams to the server and waits until the link has taken them in.</summary>
    public async Task SendToServerAsync(int first, int count = 1, int bytes = UdpPeer.DatagramBytes)
    {
        var before = Path.ToServer.Counters.Received;
        for (var sent = 1; sent <= count; sent++)
        {
            Client.Send(first + sent - 1, Simulator.ListenEndPoint, bytes);
            if (sent % MaxBurst == 0 || sent == count)
            {
                await Path.ToServer.WaitForAsync(counters => counters.Received == before + sent)
                    .Soon($"{sent} of {count} datagrams to enter the link to the server");
            }
        }
    }

    /// <summary>Sends datagrams to the client by one of its paths and waits until the link has taken them in.</summary>
    public async Task SendToClientAsync(SimulatedPath path, int first, int count = 1)
    {
        var before = Path.ToClient.Counters.Received;
        for (var number = first; number < first + count; number++)
        {
            Server.Send(number, path.LocalEndPoint);
        }

        await Path.ToClient.WaitForAsync(counters => counters.Received == before + count).Soon($"{count} datagrams to enter the link to the client");
    }

    public async ValueTask DisposeAsync()
    {
        await Simulator.DisposeAsync();
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}
