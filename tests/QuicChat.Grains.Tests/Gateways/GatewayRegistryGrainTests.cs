using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Policies;
using QuicChat.Grains.Tests.Cluster;
using Xunit;

namespace QuicChat.Grains.Tests.Gateways;

[Collection(ClusterFixture.Serial)]
public sealed class GatewayRegistryGrainTests(ClusterFixture cluster)
{
    private readonly TestGateway _gateway = new(cluster);

    private IGatewayRegistryGrain Registry => cluster.Grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);

    [Fact]
    public async Task ALeaseRunsForTenSecondsAndIsRenewed()
    {
        var lease = await _gateway.RenewAsync();
        Assert.Equal(
            (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), MigrationPolicy.Open), (lease.Duration, lease.MigrationTimeout, lease.Policy));
        Assert.True(await IsListedAsync());
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        await _gateway.RenewAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        Assert.True(await IsListedAsync());
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(await IsListedAsync());
    }

    [Fact]
    public async Task AReleasedLeaseIsGoneAtOnce()
    {
        await _gateway.RenewAsync();
        await _gateway.ReleaseAsync();
        await _gateway.ReleaseAsync();

        Assert.False(await IsListedAsync());
        Assert.False(await Registry.CloseConnection(_gateway.Id, "any", 4, "none"));
    }

    [Fact]
    public async Task EachGatewayHasAServerIdOfItsOwnAndKeepsIt()
    {
        var other = new TestGateway(cluster);
        var (one, two) = ((await _gateway.RenewAsync()).ServerId, (await other.RenewAsync()).ServerId);
        Assert.True(one != two && one > 0 && two > 0, $"{one} and {two}");
        await cluster.MoveAsync(Registry);
        Assert.Equal(one, (await _gateway.RenewAsync()).ServerId);

        // A process that takes the place of a lost one has it again.
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.LivenessAsync();
        var successor = new TestGateway(cluster) { Id = _gateway.Id };
        Assert.Equal(one, (await successor.RenewAsync()).ServerId);
        Assert.Equal(two, (await other.RenewAsync()).ServerId);
        await successor.ReleaseAsync();
        await other.ReleaseAsync();
    }

    [Fact]
    public async Task AServerIdThatAnotherGatewayHasIsRefused()
    {
        var taken = (await _gateway.RenewAsync()).ServerId;
        var other = new TestGateway(cluster) { ServerId = taken };
        var refused = await Assert.ThrowsAsync<ServerIdTakenException>(other.RenewAsync);
        Assert.Contains($"server ID {taken}, which gateway {_gateway.Id} has", refused.Message, StringComparison.Ordinal);

        var free = new TestGateway(cluster) { ServerId = taken + 1_000 };
        Assert.Equal(taken + 1_000, (await free.RenewAsync()).ServerId);
        await free.ReleaseAsync();
    }

    [Fact]
    public async Task LeasesTellOfTheOtherGatewaysUntilTheyAreKnown()
    {
        var link = new TestGateway(cluster) { LinkEndPoint = "127.0.0.1:4700" };
        var peer = new GatewayPeer((await link.RenewAsync()).ServerId, "127.0.0.1:4700");

        var lease = await _gateway.RenewAsync();
        Assert.Contains(peer, lease.Peers!.Value);
        Assert.DoesNotContain(lease.Peers!.Value, other => other.ServerId == lease.ServerId);
        _gateway.PoolVersion = lease.PoolVersion;
        Assert.Null((await _gateway.RenewAsync()).Peers);
        await cluster.MoveAsync(Registry);
        Assert.Null((await _gateway.RenewAsync()).Peers);

        await link.ReleaseAsync();
        lease = await _gateway.RenewAsync();
        Assert.NotEqual(_gateway.PoolVersion, lease.PoolVersion);
        Assert.DoesNotContain(peer, lease.Peers!.Value);
    }

    [Fact]
    public async Task AGatewayIsAskedToDrainAndToTakeConnectionsAgain()
    {
        await _gateway.RenewAsync();

        Assert.True(await Registry.Drain(_gateway.Id, TimeSpan.FromSeconds(30)));
        Assert.Equal(TimeSpan.FromSeconds(30), await _gateway.NextAsync(_gateway.Drains, "the wish to drain"));
        Assert.False(await Registry.Drain("unknown", TimeSpan.FromSeconds(30)));
        Assert.True(await Registry.Undrain(_gateway.Id));
        Assert.Null(await _gateway.NextAsync(_gateway.Drains, "the wish to take connections again"));
        Assert.False(await Registry.Undrain("unknown"));
    }

    [Fact]
    public async Task TheRegistrysOwnAbsenceGivesAFreshLease()
    {
        await _gateway.RenewAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));

        await cluster.MoveAsync(Registry);
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));

        Assert.True(await IsListedAsync());
    }

    [Fact]
    public async Task ALeaseKeepsItsIdUntilItIsLost()
    {
        var first = await _gateway.RenewAsync();
        Assert.NotEqual(Guid.Empty, first.Id);
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(first.Id, (await _gateway.RenewAsync()).Id);
        await cluster.MoveAsync(Registry);
        Assert.Equal(first.Id, (await _gateway.RenewAsync()).Id);

        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.LivenessAsync();
        var second = await _gateway.RenewAsync();

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(second.Id, (await _gateway.RenewAsync()).Id);
    }

    [Fact]
    public async Task AMigrationTimeOutRidesOnLeasesAndOutlivesTheRegistry()
    {
        var monitor = cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        try
        {
            var before = (await _gateway.RenewAsync()).SettingsVersion;
            var version = await monitor.SetTimeout(TimeSpan.FromSeconds(3));
            Assert.True(version > before, $"version {version} after {before}");
            var lease = await _gateway.RenewAsync();
            Assert.Equal((TimeSpan.FromSeconds(3), version), (lease.MigrationTimeout, lease.SettingsVersion));
            await cluster.MoveAsync(Registry);
            Assert.Equal(TimeSpan.FromSeconds(3), (await _gateway.RenewAsync()).MigrationTimeout);
            Assert.Equal(TimeSpan.FromSeconds(3), await monitor.GetTimeout());
            Assert.Equal(TimeSpan.FromSeconds(3), (await cluster.LivenessAsync()).MigrationTimeout);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => monitor.SetTimeout(TimeSpan.FromMilliseconds(999)));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => monitor.SetTimeout(TimeSpan.FromHours(1.1)));
            Assert.Equal(TimeSpan.FromSeconds(3), await monitor.GetTimeout());
        }
        finally
        {
            await monitor.SetTimeout(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task APolicyIsSentToThoseThatDoNotKnowIt()
    {
        var monitor = cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        Assert.Equal(MigrationPolicy.Open, (await _gateway.RenewAsync()).Policy);
        var policy = MigrationPolicy.Open with { DeniedNetworks = ["203.0.113.0/24"] };
        _gateway.SettingsVersion = await monitor.SetPolicy(policy) - 1;
        try
        {
            var lease = await _gateway.RenewAsync();
            Assert.Equal(policy, lease.Policy);

            _gateway.SettingsVersion = lease.SettingsVersion;
            Assert.Null((await _gateway.RenewAsync()).Policy);
            await cluster.MoveAsync(Registry);
            Assert.Null((await _gateway.RenewAsync()).Policy);
        }
        finally
        {
            await monitor.SetPolicy(MigrationPolicy.Open);
        }

        Assert.Equal(MigrationPolicy.Open, (await _gateway.RenewAsync()).Policy);
    }

    [Fact]
    public async Task APolicyWithTooManyNetworksOrNoneIsRefused()
    {
        var monitor = cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        var missing = await Assert.ThrowsAsync<ArgumentException>(() => monitor.SetPolicy(MigrationPolicy.Open with { DeniedNetworks = default }));
        Assert.StartsWith("deniedNetworks: the list is missing", missing.Message, StringComparison.Ordinal);
        var tooMany = await Assert.ThrowsAsync<ArgumentException>(
            () => monitor.SetPolicy(MigrationPolicy.Open with { AllowedNetworks = [.. Enumerable.Repeat("10.0.0.0/8", 1_001)] }));
        Assert.StartsWith("allowedNetworks: 1001 networks; 1000 are allowed", tooMany.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RenewingIsNotWrittenEachTime()
    {
        await _gateway.RenewAsync();
        var before = cluster.Storage.WritesOf(Registry.GetGrainId());
        for (var renewal = 0; renewal < 5; renewal++)
        {
            await _gateway.RenewAsync();
        }

        Assert.Equal(before, cluster.Storage.WritesOf(Registry.GetGrainId()));
    }

    [Fact]
    public async Task ALateCallOfTheFormerProcessOfANameIsRefused()
    {
        await _gateway.RenewAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var next = new TestGateway(cluster) { Id = _gateway.Id };
        var lease = await next.RenewAsync();

        var refused = await Assert.ThrowsAsync<GatewayReplacedException>(_gateway.RenewAsync);
        await _gateway.ReleaseAsync();

        Assert.StartsWith($"Another process of the name {_gateway.Id}, at [::1]:4433, started at ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(lease.Id, (await next.RenewAsync()).Id);
        Assert.True(await IsListedAsync());
    }

    private async Task<bool> IsListedAsync() => (await Registry.GetGateways()).Any(gateway => gateway.GatewayId == _gateway.Id);
}
