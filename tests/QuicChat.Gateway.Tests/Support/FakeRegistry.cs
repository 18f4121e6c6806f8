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
        TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), Guid.NewGuid(), MigrationPolicy.Open, 0, 1, [], 1);

    public ConcurrentQueue<GatewayDescription> Renewals { get; } = [];

    public async Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer)
    {
        await Calls.CallAsync(nameof(Renew));
        Renewals.Enqueue(gateway);
        return Lease;
    }

    public Task Release(string gatewayId, DateTimeOffset startedAt) => Calls.CallAsync(nameof(Release));

    /// <summary>The gateways that can be asked to close connections.</summary>
    public HashSet<string> Known { get; } = [];

    public ConcurrentQueue<(string GatewayId, string ConnectionId, int ErrorCode, string Reason)> Closes { get; } = [];

    public async Task<bool> CloseConnection(string gatewayId, string connectionId, int errorCode, string reason)
    {
        Closes.Enqueue((gatewayId, connectionId, errorCode, reason));
        await Calls.CallAsync(nameof(CloseConnection));
        return Known.Contains(gatewayId);
    }

    /// <summary>The gateways whose lease runs.</summary>
    public ImmutableArray<GatewayDescription> Gateways { get; set; } = [];

    public async Task<ImmutableArray<GatewayDescription>> GetGateways()
    {
        await Calls.CallAsync(nameof(GetGateways));
        return Gateways;
    }

    public Task<bool> Drain(string gatewayId, TimeSpan timeLimit) => throw new NotSupportedException();

    public Task<bool> Undrain(string gatewayId) => throw new NotSupportedException();
}
