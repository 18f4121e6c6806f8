using QuicChat.Abstractions.Gateways;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Routing;

public sealed class LeaseKeeperTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task The_lease_is_taken_at_the_start_and_renewed_every_three_seconds()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        await gateway.ConnectAsync();

        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Cluster.Registry.Calls.ReachedAsync("Renew", 2);
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Lease.StopAsync(CancellationToken.None);

        Assert.Equal(1, gateway.Cluster.Registry.Calls.Count("Release"));
        Assert.All(
            gateway.Cluster.Registry.Renewals,
            renewal => Assert.Equal(("gw-test", "[::]:4433", "ngtcp2"), (renewal.GatewayId, renewal.EndPoint, renewal.Engine)));
        Assert.Equal([0, 1], gateway.Cluster.Registry.Renewals.Take(2).Select(renewal => renewal.Connections));
    }

    [Fact]
    public async Task A_new_migration_timeout_reaches_connections_old_and_new()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var old = await gateway.ConnectAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), old.Connection.MigrationTimeout);

        gateway.Cluster.Registry.Lease = new GatewayLease(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(3));
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Time.PassAsync(Interval, "the renewal after it");

        Assert.Equal(TimeSpan.FromSeconds(3), old.Connection.MigrationTimeout);
        Assert.Equal(3_000u, (await gateway.ConnectAsync()).Welcome.MigrationTimeoutMs);
    }

    [Fact]
    public async Task A_gateway_that_lost_its_lease_registers_its_connections_again()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        gateway.Cluster.Registry.Calls.Fail("Renew", 1);
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Cluster.Registry.Calls.ReachedAsync("Renew", 2);

        gateway.Time.Advance(TimeSpan.FromSeconds(8));
        await gateway.Time.PassBackoffAsync();
        await grain.Calls.ReachedAsync("Register", 2);

        await client.PingAsync();
    }

    [Fact]
    public async Task A_lost_renewal_that_comes_in_time_changes_nothing()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var client = await gateway.ConnectAsync();
        gateway.Cluster.Registry.Calls.Fail("Renew", 1);
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassAsync(Interval, "the renewal after it");

        Assert.Equal(1, gateway.Cluster.Connection(client.Connection.Id).Calls.Count("Register"));
    }
}
