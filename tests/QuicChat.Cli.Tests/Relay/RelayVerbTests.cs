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

    [Theory]
    [InlineData("--rebind-to 127.0.0.2", "--rebind-every")]
    [InlineData("--rebind-every 1s --rebind-to 127.0.0.2,nowhere", "'nowhere' is not an address")]
    [InlineData("--blackhole-after 5s", "--blackhole")]
    [InlineData("--blackhole sideways", "up, down or both")]
    public async Task Options_that_say_half_are_wrong_usage(string options, string missing)
    {
        var run = await CommandRun.Of(["relay", "--to", "127.0.0.1:9", .. options.Split(' ')]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(missing, run.Error, StringComparison.Ordinal);
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
        var rebinder = new Rebinder(simulator, [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")], Assert.Fail);

        var work = rebinder.RunAsync(TimeSpan.FromMilliseconds(20), stop.Token);
        var seen = new HashSet<IPAddress> { first.Address };
        while (seen.Count < 3)
        {
            await client.SendAsync(new byte[] { 2 }, simulator.ListenEndPoint, stop.Token);
            seen.Add((await server.ReceiveAsync(stop.Token)).RemoteEndPoint.Address);
        }

        Assert.Equal(["127.0.0.1", "127.0.0.2", "127.0.0.3"], seen.Select(address => address.ToString()).Order());
        await stop.CancelAsync();
        await work;

        Assert.True(rebinder.Rebinds > 0);
    }
}
