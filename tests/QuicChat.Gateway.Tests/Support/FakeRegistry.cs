using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>The registry of gateways in memory.</summary>
internal sealed class FakeRegistry : IGatewayRegistryGrain
{
    public CallLog Calls { get; } = new();

    public GatewayLease Lease { get; set; } = new(
        TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), Guid.NewGuid(), MigrationPolicy.Open, 0);

    public ConcurrentQueue<GatewayDescription> Renewals { get; } = [];

    public async Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer)
    {
        await Calls.CallAsync(nameof(Renew));
        Renewals.Enqueue(gateway);
        return Lease;
    }

    public Task Release(string gatewayId, DateTimeOffset startedAt) => Calls.CallAsync(nameof(Release));

    public Task<bool> CloseConnection(string gatewayId, string connectionId, int errorCode, string reason) => throw new NotSupportedException();

    public Task<ImmutableArray<GatewayDescription>> GetGateways() => throw new NotSupportedException();
}
