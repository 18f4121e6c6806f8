using System.Net;

using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class ForeignSourceTests
{
    [Theory]
    [InlineData(CopyOrder.CopyFirst)]
    [InlineData(CopyOrder.CopyAfter)]
    public async Task The_next_datagram_is_copied_before_or_after_the_original(CopyOrder order)
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var source = network.Simulator.OpenForeignSource(IPAddress.Loopback);
        var copied = network.Path.CopyNextAsync(source, order);

        await network.SendToServerAsync(1, 2);
        await copied.Soon("the copy to leave");

        IPEndPoint[] expected = order == CopyOrder.CopyFirst
            ? [source.LocalEndPoint, network.Path.Path.LocalEndPoint]
            : [network.Path.Path.LocalEndPoint, source.LocalEndPoint];
        Assert.Equal((expected[0], 1), await network.Server.ReceiveAsync());
        Assert.Equal((expected[1], 1), await network.Server.ReceiveAsync());
        Assert.Equal((network.Path.Path.LocalEndPoint, 2), await network.Server.ReceiveAsync());
    }

    [Fact]
    public async Task The_last_datagram_is_copied_from_a_foreign_address()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsWindows(), "Only 127.0.0.1 is a loopback address here.");
        await using var network = await SimulatedNetwork.StartAsync();
        var source = network.Simulator.OpenForeignSource(IPAddress.Parse("127.0.0.9"));
        await network.SendToServerAsync(5);
        await network.Server.ReceiveAsync();

        network.Path.CopyLast(source);

        Assert.Equal((source.LocalEndPoint, 5), await network.Server.ReceiveAsync());
        Assert.Equal(IPAddress.Parse("127.0.0.9"), source.LocalEndPoint.Address);
    }

    [Fact]
    public async Task A_datagram_that_does_not_reach_the_server_is_not_copied()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var source = network.Simulator.OpenForeignSource(IPAddress.Loopback);
        var copied = network.Path.CopyNextAsync(source, CopyOrder.CopyFirst);
        network.Path.Blackhole = LinkDirections.ToServer;

        await network.SendToServerAsync(1);

        Assert.False(copied.IsCompleted);
        network.Path.Blackhole = LinkDirections.None;
        await network.SendToServerAsync(2);
        await copied.Soon("the copy to leave");
        Assert.Equal((source.LocalEndPoint, 2), await network.Server.ReceiveAsync());
    }

    [Fact]
    public async Task Any_datagram_reaches_the_server_and_its_answer_comes_back()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var source = network.Simulator.OpenForeignSource(IPAddress.Loopback);

        Assert.True(source.Send([9, 0, 0, 0]));
        Assert.Equal((source.LocalEndPoint, 9), await network.Server.ReceiveAsync());
        network.Server.Send(10, source.LocalEndPoint);

        var answer = await source.Answers.ReadAsync().AsTask().Soon("the server's answer");
        Assert.Equal(10, BitConverter.ToInt32(answer));
        Assert.Single(network.Simulator.Clients);
    }
}
