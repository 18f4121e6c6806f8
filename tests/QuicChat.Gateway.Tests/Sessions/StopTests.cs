using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class StopTests
{
    [Fact]
    public async Task Clients_are_told_then_closed_then_unregistered()
    {
        await using var gateway = new TestGateway();
        var stays = await gateway.ConnectAsync("alice");
        var leaves = await gateway.ConnectAsync("bob");

        var stopping = gateway.Sessions.StopAsync(CancellationToken.None);
        Assert.NotNull((await stays.Control.ReceiveAsync("GoAway"))!.GoAway);
        Assert.NotNull((await leaves.Control.ReceiveAsync("GoAway"))!.GoAway);
        leaves.Connection.Leave();
        await gateway.Cluster.Connection(leaves.Connection.Id).Calls.ReachedAsync("Unregistered", 1);
        Assert.False(stays.Connection.Closed.IsCompleted);
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(2), "clients to go");

        Assert.Equal(ErrorCode.GoingAway, (await stays.Connection.ClosedByGatewayAsync()).Code);
        await stopping.Within("the stop");
        Assert.False(gateway.Cluster.Connection(stays.Connection.Id).IsRegistered);
        Assert.Equal(0, gateway.Sessions.Count);
    }

    [Fact]
    public async Task A_stop_waits_for_nobody_where_nobody_is_left()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var stopping = gateway.Sessions.StopAsync(CancellationToken.None);

        client.Connection.Leave();

        await stopping.Within("the stop");
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_dead_cluster_longer_than_it_may()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        gateway.Cluster.Connection(client.Connection.Id).Calls.Fail("Unregister", int.MaxValue);
        using var limit = new CancellationTokenSource();
        var stopping = gateway.Sessions.StopAsync(limit.Token);
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(2), "clients to go");
        await gateway.Cluster.Connection(client.Connection.Id).Calls.ReachedAsync("Unregister", 1);

        await limit.CancelAsync();

        await stopping.Within("the stop");
    }
}
