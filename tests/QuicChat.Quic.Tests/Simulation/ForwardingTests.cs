using System.Net;

using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class ForwardingTests
{
    [Fact]
    public async Task Datagrams_pass_in_order_in_both_directions()
    {
        await using var network = await SimulatedNetwork.StartAsync();

        await network.SendToServerAsync(1, 50);
        await network.SendToClientAsync(network.Path.Path, 100, 50);

        Assert.Equal(Enumerable.Range(1, 50), await network.Server.ReceiveNumbersAsync(50));
        Assert.Equal(Enumerable.Range(100, 50), await network.Client.ReceiveNumbersAsync(50));
        Assert.Equal(new LinkCounters { Received = 51, Forwarded = 51 }, network.Simulator.ToServer);
        Assert.Equal(new LinkCounters { Received = 50, Forwarded = 50 }, network.Simulator.ToClient);
    }

    [Fact]
    public async Task Answers_come_from_the_end_point_that_the_client_spoke_to()
    {
        await using var network = await SimulatedNetwork.StartAsync();

        await network.SendToClientAsync(network.Path.Path, 1);

        Assert.Equal(network.Simulator.ListenEndPoint, (await network.Client.ReceiveAsync()).Sender);
    }

    [Fact]
    public async Task Each_client_has_a_source_port_of_its_own()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        await using var other = new UdpPeer(IPAddress.Loopback);
        var seen = network.Simulator.WaitForClientAsync(client => client.EndPoint.Port == other.EndPoint.Port);

        other.Send(7, network.Simulator.ListenEndPoint);

        var otherPath = await seen.Soon("the second client");
        var (sender, number) = await network.Server.ReceiveAsync();
        Assert.Equal(7, number);
        Assert.Equal(otherPath.Path.LocalEndPoint, sender);
        Assert.NotEqual(network.Path.Path.LocalEndPoint, sender);
        Assert.Equal(other.EndPoint, otherPath.EndPoint);
        Assert.Equal(2, network.Simulator.Clients.Count);
    }

    [Fact]
    public async Task A_datagram_from_another_than_the_server_does_not_reach_the_client()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        await using var stranger = new UdpPeer(IPAddress.Loopback);

        stranger.Send(1, network.Path.Path.LocalEndPoint);

        await network.Path.ToClient.WaitForAsync(counters => counters.Unmapped == 1).Soon("the stranger's datagram to be dropped");
        Assert.Equal(0, network.Path.ToClient.Counters.Forwarded);
    }

    [Fact]
    public async Task The_largest_datagram_passes()
    {
        await using var network = await SimulatedNetwork.StartAsync();

        await network.SendToServerAsync(1, bytes: 65_507);

        Assert.Equal(1, (await network.Server.ReceiveAsync()).Number);
    }

    [Fact]
    public async Task A_server_that_is_gone_ends_nothing()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        await network.Server.DisposeAsync();

        await network.SendToServerAsync(1, 3);

        Assert.Equal(4, network.Path.ToServer.Counters.Received);
        await network.SendToServerAsync(4);
        Assert.Equal(5, network.Path.ToServer.Counters.Received);
    }

    [Fact]
    public async Task Mapped_addresses_are_taken_as_the_IPv4_addresses_that_they_are()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions
        {
            Server = new IPEndPoint(server.Address.MapToIPv6(), server.Port),
            Listen = new IPEndPoint(IPAddress.Loopback.MapToIPv6(), 0),
            LocalAddress = IPAddress.Loopback.MapToIPv6(),
        });

        Assert.Equal(IPAddress.Loopback, network.Simulator.ListenEndPoint.Address);
        Assert.Equal(IPAddress.Loopback, network.Path.Path.LocalEndPoint.Address);
        Assert.Equal(network.Server.EndPoint, network.Path.Path.ServerEndPoint);
        Assert.Equal(network.Client.EndPoint, network.Path.EndPoint);
    }

    [Fact]
    public async Task A_silent_client_is_forgotten_and_its_ports_are_free_again()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var port = network.Path.Rebind().LocalEndPoint;
        var waiting = network.Path.ToServer.WaitForAsync(counters => counters.Received == 100);
        var idle = new PathSimulatorOptions { Server = network.Server.EndPoint }.ClientIdleTimeout;

        network.Time.Advance(idle);
        Assert.Single(network.Simulator.Clients);
        network.Time.Advance(idle);

        Assert.Empty(network.Simulator.Clients);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon("the wait to be cancelled"));
        Assert.Throws<InvalidOperationException>(() => network.Path.Rebind());
        Ports.AssertFree(port);
        Assert.Equal(1, network.Simulator.ToServer.Forwarded);
    }

    [Fact]
    public async Task Disposal_frees_every_port_and_ends_every_wait()
    {
        var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions
        {
            Server = server,
            ToClient = new LinkConditions { Delay = TimeSpan.FromSeconds(1) },
            RebindEvery = TimeSpan.FromSeconds(5),
        });
        var first = network.Path.Path;
        var second = network.Path.Rebind();
        var source = network.Simulator.OpenForeignSource(IPAddress.Loopback);
        await network.SendToClientAsync(second, 1, 10);
        Task[] waits =
        [
            network.Simulator.WaitForClientAsync(_ => false),
            network.Path.ToServer.WaitForAsync(_ => false),
            network.Path.CopyNextAsync(source, CopyOrder.CopyFirst),
            second.CarriedToServer,
        ];

        await network.DisposeAsync();

        foreach (var wait in waits)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.Soon("a wait to be cancelled"));
        }

        foreach (var endPoint in new[] { network.Simulator.ListenEndPoint, first.LocalEndPoint, second.LocalEndPoint, source.LocalEndPoint })
        {
            Ports.AssertFree(endPoint);
        }

        network.Time.Advance(TimeSpan.FromMinutes(10));
        await network.Simulator.DisposeAsync();
    }
}
