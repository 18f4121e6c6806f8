using QuicChat.Abstractions.Gateways;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Routing;

public sealed class LeaseKeeperTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task The_lease_is_taken_at_the_start_and_renewed_every_second()
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

        gateway.Cluster.Registry.Lease = gateway.Cluster.Registry.Lease with { MigrationTimeout = TimeSpan.FromSeconds(3), SettingsVersion = 7 };
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Time.PassAsync(Interval, "the renewal after it");

        Assert.Equal(TimeSpan.FromSeconds(3), old.Connection.MigrationTimeout);
        Assert.Equal(3_000u, (await old.Control.ReceiveAsync("the new time-out"))!.Settings.MigrationTimeoutMs);
        Assert.Equal(3_000u, (await gateway.ConnectAsync()).Welcome.MigrationTimeoutMs);

        // The cluster hears from the next renewal on that this gateway goes by it.
        await gateway.Time.PassAsync(Interval, "the end of that renewal");
        Assert.Equal([0, 0, 7], gateway.Cluster.Registry.Renewals.Take(3).Select(renewal => renewal.SettingsVersion));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_lease_under_a_new_ID_has_all_connections_registered_again(int lostAnswers)
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);

        // The first answers that carry the new ID may be lost.
        gateway.Cluster.Registry.Lease = gateway.Cluster.Registry.Lease with { Id = Guid.NewGuid() };
        gateway.Cluster.Registry.Calls.Fail("Renew", lostAnswers);
        await gateway.Time.PassAsync(Interval, "a renewal");
        for (var lost = 0; lost < lostAnswers; lost++)
        {
            await gateway.Time.PassBackoffAsync();
        }

        await grain.Calls.ReachedAsync("Register", 2);
        Assert.Equal(2, grain.Registrations.Select(registration => registration.LeaseId).Distinct().Count());
        Assert.Equal(gateway.Cluster.Registry.Lease.Id, grain.Registrations.Last().LeaseId);
        await gateway.Time.PassAsync(Interval, "the renewal after it");
        await gateway.Cluster.Registry.Calls.ReachedAsync("Renew", lostAnswers + 3);
        Assert.Equal(2, grain.Calls.Count("Register"));
        await client.PingAsync();
    }

    [Fact]
    public async Task A_lease_that_cannot_be_applied_is_renewed_all_the_same()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var lease = gateway.Cluster.Registry.Lease;
        gateway.Cluster.Registry.Lease = null!;
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Time.ArmedBackoffAsync();

        gateway.Cluster.Registry.Lease = lease with { MigrationTimeout = TimeSpan.FromSeconds(7), Policy = null };
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Time.PassAsync(Interval, "the renewal after it");

        Assert.Equal(TimeSpan.FromSeconds(7), gateway.Sessions.MigrationTimeout);
        Assert.Equal(lease.Policy, gateway.Sessions.Policy);
    }

    [Fact]
    public async Task A_lease_that_another_process_of_the_name_holds_is_told_and_taken_once_it_is_free()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Registry.Calls.Before = method
            => method == "Renew" ? Task.FromException(new GatewayReplacedException("Another process holds it.")) : Task.CompletedTask;

        var starting = gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        await gateway.Time.ArmedBackoffAsync();
        Assert.Equal("Another process holds it.", gateway.Lease.Refusal);

        gateway.Cluster.Registry.Calls.Before = null;
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await starting.Within("the lease");
        Assert.Null(gateway.Lease.Refusal);
    }

    [Fact]
    public async Task A_lease_is_held_for_its_duration_from_when_it_was_asked_for()
    {
        await using var gateway = new TestGateway();
        Assert.False(gateway.Lease.IsHeld);
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        Assert.True(gateway.Lease.IsHeld);

        // Asked for after a second, and answered when the first one has run out.
        var answer = new TaskCompletionSource();
        gateway.Cluster.Registry.Calls.Before = _ => answer.Task;
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Cluster.Registry.Calls.ReachedAsync("Renew", 2);
        gateway.Time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.True(gateway.Lease.IsHeld);
        gateway.Time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(gateway.Lease.IsHeld);

        answer.SetResult();
        await gateway.Time.ArmedAsync(Interval, Interval, "the renewal after it");
        Assert.True(gateway.Lease.IsHeld);
        answer = new TaskCompletionSource();
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(gateway.Lease.IsHeld);
        answer.SetResult();
        await gateway.Lease.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_renewal_however_late_under_the_same_ID_changes_nothing()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        var client = await gateway.ConnectAsync();
        gateway.Cluster.Registry.Calls.Fail("Renew", 1);
        await gateway.Time.PassAsync(Interval, "a renewal");
        await gateway.Cluster.Registry.Calls.ReachedAsync("Renew", 2);
        gateway.Time.Advance(TimeSpan.FromSeconds(8));
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassAsync(Interval, "the renewal after it");

        Assert.Equal(1, gateway.Cluster.Connection(client.Connection.Id).Calls.Count("Register"));
    }
}
