using System.Net;
using System.Net.Sockets;

using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class RebindingTests
{
    [Fact]
    public async Task After_a_rebinding_the_server_sees_a_new_port_of_the_same_address()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var before = network.Path.Path;

        var after = network.Path.Rebind();
        await network.SendToServerAsync(1);

        var (sender, number) = await network.Server.ReceiveAsync();
        Assert.Equal(1, number);
        Assert.Equal(after.LocalEndPoint, sender);
        Assert.Equal(before.LocalEndPoint.Address, sender.Address);
        Assert.NotEqual(before.LocalEndPoint.Port, sender.Port);
        Assert.Same(after, network.Path.Path);
        Assert.Equal([before, after], network.Path.Paths);
    }

    [Fact]
    public async Task A_client_moves_to_another_address()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsWindows(), "Only 127.0.0.1 is a loopback address here.");
        await using var network = await SimulatedNetwork.StartAsync();

        network.Path.Rebind(IPAddress.Parse("127.0.0.2"));
        await network.SendToServerAsync(1);

        Assert.Equal(IPAddress.Parse("127.0.0.2"), (await network.Server.ReceiveAsync()).Sender.Address);
    }

    [Fact]
    public async Task A_client_moves_to_IPv6_and_back()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This system has no IPv6.");
        await using var server6 = new UdpPeer(IPAddress.IPv6Loopback);
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions
        {
            Server = server,
            AlternateServer = server6.EndPoint,
        });

        var path6 = network.Path.Rebind(IPAddress.IPv6Loopback);
        await network.SendToServerAsync(1);
        Assert.Equal((path6.LocalEndPoint, 1), await server6.ReceiveAsync());
        server6.Send(2, path6.LocalEndPoint);
        Assert.Equal(2, (await network.Client.ReceiveAsync()).Number);

        var path4 = network.Path.Rebind(IPAddress.Loopback);
        await network.SendToServerAsync(3);
        Assert.Equal((path4.LocalEndPoint, 3), await network.Server.ReceiveAsync());
    }

    [Fact]
    public async Task Without_an_end_point_of_that_family_the_refusal_says_so()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var before = network.Path.Path;

        var refusal = Assert.Throws<ArgumentException>(() => network.Path.Rebind(IPAddress.IPv6Loopback));

        Assert.Contains("alternate server", refusal.Message);
        Assert.Same(before, network.Path.Path);
    }

    [Fact]
    public async Task Going_back_uses_the_old_source_port_again()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var a = network.Path.Path;
        await a.CarriedToServer.Soon("the first datagram on A");

        var b = network.Path.Rebind();
        await network.SendToServerAsync(1);
        network.Path.ReturnTo(a);
        Assert.False(a.CarriedToServer.IsCompleted);
        await network.SendToServerAsync(2);
        await a.CarriedToServer.Soon("a datagram on A again");

        Assert.Equal((b.LocalEndPoint, 1), await network.Server.ReceiveAsync());
        Assert.Equal((a.LocalEndPoint, 2), await network.Server.ReceiveAsync());
        await network.SendToClientAsync(a, 3);
        Assert.Equal(3, (await network.Client.ReceiveAsync()).Number);
        await a.CarriedToClient.Soon("a datagram to the client on A");
    }

    [Fact]
    public async Task The_server_does_not_reach_the_client_by_its_old_port()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        var old = network.Path.Path;
        var current = network.Path.Rebind();

        await network.SendToClientAsync(old, 1);
        await network.SendToClientAsync(current, 2);

        Assert.Equal(2, (await network.Client.ReceiveAsync()).Number);
        Assert.Equal(1, network.Path.ToClient.Counters.Unmapped);
    }

    [Fact]
    public async Task Old_mappings_are_kept_where_asked_for()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, KeepOldMappings = true });
        var old = network.Path.Path;
        network.Path.Rebind();

        await network.SendToClientAsync(old, 1);

        Assert.Equal(1, (await network.Client.ReceiveAsync()).Number);
    }

    [Fact]
    public async Task Under_load_no_datagram_leaves_by_an_old_port_after_a_rebinding()
    {
        const int Rebindings = 50;
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions
        {
            Server = server,
            MaxPathsPerClient = Rebindings + 1,
        });
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            for (var sent = 1; !stop.IsCancellationRequested; sent += 10)
            {
                await network.SendToServerAsync(sent, 10);
            }
        });

        for (var i = 0; i < Rebindings; i++)
        {
            await network.Path.Rebind().CarriedToServer.Soon($"a datagram on path {i + 1}");
        }

        await stop.CancelAsync();
        await sending;
        var order = network.Path.Paths.Select(path => path.LocalEndPoint).ToList();
        for (var at = 0; at < Rebindings;)
        {
            var next = order.IndexOf((await network.Server.ReceiveAsync($"the datagrams on path {at + 1}")).Sender);
            Assert.InRange(next, at, Rebindings);
            at = next;
        }
    }

    [Fact]
    public async Task Datagrams_under_way_at_a_rebinding_leave_by_the_new_path()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { Delay = TimeSpan.FromMilliseconds(50) };
        await network.SendToServerAsync(1);

        var path = network.Path.Rebind();
        network.Time.Advance(TimeSpan.FromMilliseconds(50));

        Assert.Equal((path.LocalEndPoint, 1), await network.Server.ReceiveAsync());
    }

    [Fact]
    public async Task The_oldest_path_is_closed_when_there_are_too_many()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, MaxPathsPerClient = 2 });
        var first = network.Path.Path;
        var second = network.Path.Rebind();

        var third = network.Path.Rebind();

        Assert.Equal([second, third], network.Path.Paths);
        Assert.Throws<InvalidOperationException>(() => network.Path.ReturnTo(first));
        Ports.AssertFree(first.LocalEndPoint);
    }

    [Fact]
    public async Task Clients_rebind_by_the_clock_where_asked_for()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions
        {
            Server = server,
            RebindEvery = TimeSpan.FromSeconds(5),
        });

        network.Time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal(4, network.Path.Paths.Count);
    }

    [Fact]
    public async Task All_clients_rebind_at_once()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        await using var other = new UdpPeer(IPAddress.Loopback);
        other.Send(1, network.Simulator.ListenEndPoint);
        await network.Simulator.WaitForClientAsync(client => client.EndPoint.Equals(other.EndPoint)).Soon("the second client");

        network.Simulator.RebindAll();

        Assert.All(network.Simulator.Clients, client => Assert.Equal(2, client.Paths.Count));
    }
}
