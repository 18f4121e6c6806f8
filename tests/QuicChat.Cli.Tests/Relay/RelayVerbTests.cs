using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Relay;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Tests.Relay;

public sealed class RelayVerbTests
{
    [Fact]
    public async Task A_taken_port_is_one_clear_line()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var run = await CommandRun.Of("relay", "--listen", socket.LocalEndPoint!.ToString()!, "--to", "127.0.0.1:9");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"quicchat: {socket.LocalEndPoint} cannot be listened on (", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_simulator_cannot_do_is_one_clear_line()
    {
        var run = await CommandRun.Of("relay", "--listen", "0.0.0.0:0", "--to", "127.0.0.1:9");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("give one address", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_are_rebound_by_the_clock_and_counted()
    {
        using var server = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await using var simulator = PathSimulator.Start(new PathSimulatorOptions { Server = (IPEndPoint)server.Client.LocalEndPoint! });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await client.SendAsync(new byte[] { 1 }, simulator.ListenEndPoint, stop.Token);
        var first = (await server.ReceiveAsync(stop.Token)).RemoteEndPoint;
        var rebinder = new Rebinder(simulator, Assert.Fail);

        var work = rebinder.RunAsync(TimeSpan.FromMilliseconds(20), stop.Token);
        IPEndPoint next;
        do
        {
            await client.SendAsync(new byte[] { 2 }, simulator.ListenEndPoint, stop.Token);
            next = (await server.ReceiveAsync(stop.Token)).RemoteEndPoint;
        }
        while (next.Equals(first));
        await stop.CancelAsync();
        await work;

        Assert.True(rebinder.Rebinds > 0);
    }
}
