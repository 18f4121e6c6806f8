using QuicChat.Abstractions.Gateways;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Routing;

/// <summary>What the engine is told of the other gateways.</summary>
public sealed class PoolKeeperTests
{
    [Fact]
    public async Task The_engine_goes_by_the_server_ID_the_peers_and_the_keys_of_the_cluster()
    {
        await using var gateway = new TestGateway();
        gateway.Cluster.Registry.Lease = gateway.Cluster.Registry.Lease with
        {
            ServerId = 5,
            Peers = [new GatewayPeer(6, "127.0.0.1:4700"), new GatewayPeer(7, "[::1]:4701")],
            PoolVersion = 3,
        };
        Assert.Null(gateway.Pool.View);

        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);

        var view = gateway.Pool.View!;
        Assert.Equal(5u, view.ServerId);
        Assert.Equal(["127.0.0.1:4700", "[::1]:4701"], view.Peers.OrderBy(peer => peer.Key).Select(peer => peer.Value.ToString()));
        Assert.Single(view.Secrets);

        // What the cluster leaves out is known.
        gateway.Cluster.Registry.Lease = gateway.Cluster.Registry.Lease with { Peers = null };
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(1), "a renewal");
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(1), "the renewal after it");
        Assert.Same(view, gateway.Pool.View);
        Assert.Contains(gateway.Cluster.Registry.Renewals, renewal => renewal.PoolVersion == 3);
    }

    [Fact]
    public async Task A_process_whose_place_another_has_taken_leaves_the_pool()
    {
        await using var gateway = new TestGateway();
        await gateway.Lease.StartAsync("[::]:4433", CancellationToken.None);
        Assert.NotNull(gateway.Pool.View);

        gateway.Cluster.Registry.Calls.Before = method
            => method == "Renew" ? Task.FromException(new GatewayReplacedException("Another process holds it.")) : Task.CompletedTask;
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(1), "a renewal");
        await gateway.Time.ArmedBackoffAsync();
        Assert.Null(gateway.Pool.View);

        gateway.Cluster.Registry.Calls.Before = null;
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(1), "a renewal");
        Assert.NotNull(gateway.Pool.View);
    }
}
