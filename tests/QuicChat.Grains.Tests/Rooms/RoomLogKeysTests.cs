using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>How long the keys of a room without messages stay in a store: rooms that are only joined must not fill it.</summary>
public sealed class RoomLogKeysTests(ClusterFixture cluster)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly string _room = Guid.NewGuid().ToString("N");

    public static TheoryData<StoreKind> Kinds => new(StoreKind.Redis, StoreKind.Garnet);

    [Theory, MemberData(nameof(Kinds))]
    public async Task ALogWithoutEntriesIsKeptForADayFromWhenItsWriterLastAsked(StoreKind kind)
    {
        var (log, store) = Get(kind);
        var fence = await OpenAsync(log);
        await AssertKeptForADayAsync(store);

        await ShortenAsync(store);
        Assert.True(await log.HoldsAsync(_room, fence));
        await AssertKeptForADayAsync(store);

        await ShortenAsync(store);
        Assert.True(await log.BeginEpochAsync(_room, fence, "1.begun"));
        fence = await OpenAsync(log);
        await AssertKeptForADayAsync(store);
        Assert.True(await log.BeginEpochAsync(_room, fence, "2.begun"));
        await AssertKeptForADayAsync(store);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ALogWithEntriesIsKept(StoreKind kind)
    {
        var (log, store) = Get(kind);
        var fence = await OpenAsync(log);

        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, fence, 0, [Entry(1)]));

        await AssertKeptAsync(store);
        Assert.True(await log.HoldsAsync(_room, fence));
        Assert.True(await log.BeginEpochAsync(_room, fence, "1.begun"));
        await AssertKeptAsync(store);
        fence = await OpenAsync(log);
        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, fence, 1, [Entry(2)]));
        await AssertKeptAsync(store);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AWriterWhoseFenceIsGoneWritesNothing(StoreKind kind)
    {
        var (log, store) = Get(kind);
        var fence = await OpenAsync(log);
        await store.KeyDeleteAsync([Key("fence"), Key("epoch")]);

        Assert.False(await log.HoldsAsync(_room, fence));
        Assert.Equal(RoomLogAppend.Fenced, await log.AppendAsync(_room, fence, 0, [Entry(1)]));
        Assert.False(await log.BeginEpochAsync(_room, fence, "stolen"));
        Assert.False(await log.TrimAsync(_room, fence, 1, [], []));

        var opening = await log.OpenAsync(_room, "0.another", _ => { }, entry => Assert.Fail($"{entry} was stored."));
        Assert.Equal("0.another", opening.Epoch);
        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, opening.Fence, 0, [Entry(1)]));
        await AssertKeptAsync(store);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task ALogWhoseEpochIsGoneHasThatOfItsLastEntryAndKeepsIt(StoreKind kind)
    {
        var (log, store) = Get(kind);
        var fence = await OpenAsync(log);
        await log.AppendAsync(_room, fence, 0, [Entry(1)]);
        await store.KeyDeleteAsync(Key("epoch"));

        Assert.Equal("epoch", (await log.OpenAsync(_room, "0.another", _ => { }, _ => { })).Epoch);

        await AssertKeptAsync(store);
    }

    private static RoomLogEntry Entry(long offset)
        => new("epoch", new RoomMessage(offset, "user", "name", "client", offset, DateTimeOffset.UnixEpoch, "text"), 1);

    private RedisKey Key(string suffix) => TestStores.KeyOf(_room, suffix);

    private async Task<string> OpenAsync(IRoomLog log) => (await log.OpenAsync(_room, "epoch", _ => { }, _ => { })).Fence;

    private async Task ShortenAsync(IDatabase store)
    {
        foreach (var suffix in new[] { "fence", "epoch" })
        {
            Assert.True(await store.KeyExpireAsync(Key(suffix), TimeSpan.FromMinutes(1)), $"There is no {suffix}.");
        }
    }

    private async Task AssertKeptForADayAsync(IDatabase store)
    {
        foreach (var suffix in new[] { "fence", "epoch" })
        {
            var left = await store.KeyTimeToLiveAsync(Key(suffix));
            Assert.True(left <= Day && left > Day - TimeSpan.FromMinutes(1), $"The {suffix} is kept for {left?.ToString() ?? "ever"}.");
        }
    }

    private async Task AssertKeptAsync(IDatabase store)
    {
        foreach (var suffix in new[] { "fence", "epoch" })
        {
            Assert.True(await store.KeyExistsAsync(Key(suffix)), $"There is no {suffix}.");
            Assert.Null(await store.KeyTimeToLiveAsync(Key(suffix)));
        }
    }

    private (IRoomLog Log, IDatabase Store) Get(StoreKind kind)
    {
        Assert.SkipWhen(kind == StoreKind.Redis && RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        return (cluster.Stores.Get(kind), cluster.Stores.GetDatabase(kind));
    }
}
