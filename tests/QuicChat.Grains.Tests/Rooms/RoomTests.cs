using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>What tests of rooms have in common: a room in each kind of store, and messages for it.</summary>
public abstract class RoomTests(ClusterFixture cluster)
{
    public static TheoryData<StoreKind> Kinds => new(StoreKind.Memory, StoreKind.Redis, StoreKind.Garnet);

    private protected ClusterFixture Cluster { get; } = cluster;

    private protected static PublishRequest Message(int publisher, long number)
        => new($"user-{publisher}", $"User {publisher}", $"client-{publisher}", number, $"{publisher}:{number}", 0);

    private protected static async Task<IReadOnlyList<RoomMessage>> ReadAllAsync(IRoomGrain room)
    {
        List<RoomMessage> all = [];
        while (true)
        {
            var page = await room.Read(all.Count + 1, 100);
            if (page.Messages.IsEmpty)
            {
                return all;
            }

            all.AddRange(page.Messages);
        }
    }

    private protected async Task StoreAsync(StoreKind kind, string room, params RoomLogEntry[][] batches)
    {
        var log = Cluster.Stores.Get(kind);
        var (fence, _) = await log.OpenAsync(room, "epoch", _ => { }, _ => { });
        foreach (var entries in batches)
        {
            Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(room, fence, entries[0].Message.Offset - 1, entries));
        }
    }

    private protected static Task<PublishReceipt> PublishAgainAsync(IRoomGrain room, PublishRequest request) => AgainAsync(() => room.Publish(request));

    // An activation on its way out may refuse a call or two.
    private protected static async Task<T> AgainAsync<T>(Func<Task<T>> call)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (RoomUnavailableException) when (attempt < 10)
            {
            }
        }
    }

    private protected IRoomGrain Room(StoreKind kind)
    {
        Assert.SkipWhen(kind == StoreKind.Redis && RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        return Cluster.Grains.GetGrain<IRoomGrain>(RoutingRoomLog.NewRoom(kind));
    }
}
