using System.Net;
using QuicChat.Abstractions.Gateways;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class DrainTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Clients_are_told_where_to_go_and_those_that_have_not_gone_in_time_are_closed()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Registry.Gateways =
        [
            Gateway("gw-test", "192.0.2.1:4433"),
            Gateway("gw-2", "192.0.2.2:4433"),
            Gateway("gw-3", "chat.example.org:443"),
            Gateway("gw-anywhere", "[::]:4433"),
            Gateway("gw-anywhere-4", "0.0.0.0:4433"),
            Gateway("gw-draining", "192.0.2.3:4433", isDraining: true),
        ];
        var stays = await gateway.ConnectAsync("alice");
        var leaves = await gateway.ConnectAsync("bob");

        await gateway.Observer.Drain(Limit);

        foreach (var client in new[] { stays, leaves })
        {
            var goAway = (await client.Control.ReceiveAsync("GoAway"))!.GoAway;
            Assert.Equal("The gateway is being drained.", goAway.Reason);
            Assert.Equal(["192.0.2.2:4433", "chat.example.org:443"], goAway.Alternatives.Order(StringComparer.Ordinal));
        }

        leaves.Connection.Leave();
        await gateway.ServedAsync(leaves.Connection);
        await stays.PingAsync();
        await gateway.Time.PassAsync(Limit, "clients to go");

        Assert.Equal((ErrorCode.GoingAway, "The gateway is being drained"), await stays.Connection.ClosedByGatewayAsync());
        await gateway.ServedAsync(stays.Connection);
        Assert.Equal(0, gateway.Sessions.Count);
    }

    [Fact]
    public async Task A_gateway_that_drains_takes_nobody_and_says_so_in_its_description()
    {
        await using var gateway = new TestGateway();
        var early = gateway.Connect();
        var grain = gateway.Cluster.Connection(early.Id);
        var registered = new TaskCompletionSource();
        grain.Calls.Before = _ => registered.Task;
        var control = early.Open();
        await control.SendAsync(Frames.Hello(Tokens.Create(gateway.Time)));
        await grain.Calls.ReachedAsync("Register", 1);

        await gateway.Observer.Drain(Limit);
        await gateway.Time.ArmedAsync(Limit, Limit, "clients to go");

        Assert.False(gateway.Sessions.Admits());
        Assert.Equal(ErrorCode.GoingAway, (await gateway.Connect().ClosedByGatewayAsync()).Code);
        await gateway.Lease.StartAsync("192.0.2.1:4433", CancellationToken.None);
        Assert.True(gateway.Cluster.Registry.Renewals.Last().IsDraining);

        // Who was about to come in is told, too.
        registered.SetResult();
        Assert.NotNull((await control.ReceiveAsync("Welcome"))!.Welcome);
        Assert.NotNull((await control.ReceiveAsync("GoAway"))!.GoAway);
        early.Leave();
        await gateway.Lease.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_drain_that_is_taken_back_lets_clients_in_and_ends_only_those_that_were_told_to_go()
    {
        await using var gateway = new TestGateway();
        var told = await gateway.ConnectAsync("alice");
        await gateway.Observer.Drain(Limit);
        Assert.NotNull((await told.Control.ReceiveAsync("GoAway"))!.GoAway);
        await gateway.Time.ArmedAsync(Limit, Limit, "clients to go");

        await gateway.Observer.Undrain();

        Assert.True(gateway.Sessions.Admits());
        await gateway.Lease.StartAsync("192.0.2.1:4433", CancellationToken.None);
        Assert.False(gateway.Cluster.Registry.Renewals.Last().IsDraining);
        var client = await gateway.ConnectAsync("bob");
        gateway.Time.Advance(Limit);
        Assert.Equal(ErrorCode.GoingAway, (await told.Connection.ClosedByGatewayAsync()).Code);
        await client.PingAsync();
        await gateway.Lease.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_drain_that_is_taken_back_before_anybody_was_told_ends_nobody()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var answered = new TaskCompletionSource();
        gateway.Cluster.Registry.Calls.Before = method => method == "GetGateways" ? answered.Task : Task.CompletedTask;
        var draining = gateway.Sessions.DrainAsync(Limit, "drained", CancellationToken.None);
        await gateway.Cluster.Registry.Calls.ReachedAsync("GetGateways", 1);

        await gateway.Observer.Undrain();
        answered.SetResult();

        await draining.Within("the drain that is none");
        await client.PingAsync();
        Assert.Null(gateway.Sessions.GoAway);
    }

    [Fact]
    public async Task A_stop_is_not_taken_back()
    {
        await using var gateway = new TestGateway();
        await gateway.Sessions.StopAsync(CancellationToken.None).Within("the stop");

        await gateway.Observer.Undrain();

        Assert.False(gateway.Sessions.Admits());
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_does_not_keep_clients_from_being_told()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        gateway.Cluster.Registry.Calls.Before = method => method == "GetGateways" ? new TaskCompletionSource().Task : Task.CompletedTask;

        await gateway.Observer.Drain(Limit);
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(1), "the list of gateways");

        Assert.Empty((await client.Control.ReceiveAsync("GoAway"))!.GoAway.Alternatives);
        Assert.Equal(1, gateway.Metrics["quicchat.cluster.failures{method=GetGateways}"]);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_drain_that_is_under_way_and_tells_nobody_twice()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        await gateway.Observer.Drain(Limit);
        Assert.NotNull((await client.Control.ReceiveAsync("GoAway"))!.GoAway);

        var stopping = gateway.Sessions.StopAsync(CancellationToken.None);
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(2), "clients to go");

        Assert.Equal((ErrorCode.GoingAway, "The gateway is stopping"), await client.Connection.ClosedByGatewayAsync());
        await stopping.Within("the stop");
    }

    [Theory]
    [InlineData("", "[::]:4433")]
    [InlineData("127.0.0.1", "127.0.0.1:4433")]
    [InlineData("127.0.0.1:99", "127.0.0.1:99")]
    [InlineData("2001:db8::1", "[2001:db8::1]:4433")]
    [InlineData("[2001:db8::1]:99", "[2001:db8::1]:99")]
    [InlineData("chat.example.org", "chat.example.org:4433")]
    [InlineData("chat.example.org:99", "chat.example.org:99")]
    [InlineData("chat.example.org:http", null)]
    [InlineData("chat example", null)]
    [InlineData("chat:1:2", null)]
    public void A_gateway_is_advertised_where_it_says(string advertise, string? expected)
        => Assert.Equal(expected, AdvertisedEndPoint.Of(advertise, new IPEndPoint(IPAddress.IPv6Any, 4433)));

    private static GatewayDescription Gateway(string id, string endPoint, bool isDraining = false)
        => new(id, 1, endPoint, "ngtcp2", 0, DateTimeOffset.UnixEpoch, 0, isDraining);
}
