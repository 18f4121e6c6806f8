using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using QuicChat.Store.Tests;
using Xunit;

namespace QuicChat.Grains.Tests.Silo;

/// <summary>A silo is killed, and its rooms go on at the other one.</summary>
public sealed class SiloDeathTests(ClusterFixture cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task TheRoomsOfAKilledSiloAreTheSameAsBefore()
    {
        // At once, for the cluster takes its time to find a silo dead.
        using var redis = new RedisProcess();
        using var directory = new TemporaryDirectory();
        using var store = await StoreProcess.StartAsync(directory.Path);
        List<string> stores = [store.ConnectionString];
        if (RedisProcess.Missing is null)
        {
            await redis.StartAsync();
            stores.Add(redis.ConnectionString);
        }

        await Task.WhenAll(stores.Select(KillAsync));
    }

    private async Task KillAsync(string store)
    {
        var clusterId = $"death-{Guid.NewGuid():N}";
        using var one = await SiloProcess.StartAsync(store, "silo-1", clusterId);
        using var two = await SiloProcess.StartAsync(store, "silo-2", clusterId);
        using var client = await SiloProcess.ConnectAsync(store, clusterId);
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        var gateway = new TestGateway(cluster);
        var observer = grains.CreateObjectReference<IGatewayObserver>(gateway);
        var (empty, spoken) = (grains.GetGrain<IRoomGrain>("empty"), grains.GetGrain<IRoomGrain>("spoken"));
        await spoken.Publish(new PublishRequest("alice", "Alice", "phone", 1, "hello", 1));
        var seen = new[] { await AttachAsync(empty, observer, null), await AttachAsync(spoken, observer, null) };

        var address = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(empty);
        (one.Ready.GetProperty("siloPort").GetInt32() == address!.Endpoint.Port ? one : two).Kill();

        var after = new[] { await AttachAgainAsync(empty, observer, seen[0]), await AttachAgainAsync(spoken, observer, seen[1]) };
        Assert.NotEqual(seen[0].Writer, after[0].Writer);
        Assert.Equal(seen.Select(tail => tail with { Writer = "" }), after.Select(tail => tail with { Writer = "" }));
    }

    private static async Task<RoomTail> AttachAsync(IRoomGrain room, IGatewayObserver observer, RoomTail? seen)
        => (await room.Attach("gw-1", observer, new RoomRenewal(seen, null, false))).Tail;

    // Each call that fails has waited for its time-out or for the cluster's verdict, so this is no busy loop.
    private static async Task<RoomTail> AttachAgainAsync(IRoomGrain room, IGatewayObserver observer, RoomTail seen)
    {
        for (var deadline = DateTimeOffset.UtcNow + Patience; ;)
        {
            try
            {
                return await AttachAsync(room, observer, seen);
            }
            catch (Exception) when (DateTimeOffset.UtcNow < deadline)
            {
            }
        }
    }
}
