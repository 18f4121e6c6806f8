using QuicChat.Abstractions.Gateways;
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
        Assert.Equal(new GatewayLease(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)), await _gateway.RenewAsync());
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
    public async Task TheRegistrysOwnAbsenceGivesAFreshLease()
    {
        await _gateway.RenewAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));

        await cluster.MoveAsync(Registry);
        cluster.Clock.Advance(TimeSpan.FromSeconds(9));

        Assert.True(await IsListedAsync());
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

    private async Task<bool> IsListedAsync() => (await Registry.GetGateways()).Any(gateway => gateway.GatewayId == _gateway.Id);
}
