using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Gateways;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Gateways;

[GrainType("gateway-registry"), KeepAlive]
internal sealed class GatewayRegistryGrain(
    IOptions<GatewayLeaseOptions> lease, IOptions<MigrationOptions> migration, TimeProvider time) : Grain, IGatewayRegistryGrain
{
    private readonly Dictionary<string, (GatewayDescription Gateway, IGatewayObserver Observer, DateTimeOffset Until)> _gateways = [];

    public Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer)
    {
        _gateways[gateway.GatewayId] = (gateway, observer, time.GetUtcNow() + lease.Value.Duration);
        return Task.FromResult(new GatewayLease(lease.Value.Duration, migration.Value.Timeout));
    }

    public Task Release(string gatewayId)
    {
        _gateways.Remove(gatewayId);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<GatewayDescription>> GetGateways()
    {
        var now = time.GetUtcNow();
        return Task.FromResult(_gateways.Values.Where(entry => entry.Until > now).Select(entry => entry.Gateway).ToImmutableArray());
    }
}
