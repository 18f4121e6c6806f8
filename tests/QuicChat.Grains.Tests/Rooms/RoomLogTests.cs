using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>What every store must do with a room's log.</summary>
public sealed class RoomLogTests(ClusterFixture cluster)
{
    private readonly string _room = Guid.NewGuid().ToString("N");
    private readonly List<RoomLogEntry> _entries = [];
    private readonly List<CutOffClient> _cutOff = [];
    private int _openings;
    private string _epoch = "";

    public static TheoryData<StoreKind> Kinds => new(StoreKind.Memory, StoreKind.Redis, StoreKind.Garnet);

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatIsAppendedIsReadAgain(StoreKind kind)
    {
        var log = Get(kind);
        var fence = await OpenAsync(log);
        Assert.Empty(_entries);

        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, fence, 0, Entries(1, 1)));
        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, fence, 1, Entries(2, 1_200)));

        await OpenAsync(log);
        Assert.Equal(Entries(1, 1_201), _entries);
        var page = await log.ReadAsync(_room, 1, 600, 100);
        Assert.Equal(Entries(600, 100).Select(entry => entry.Message), page);
        Assert.Empty(await log.ReadAsync(_room, 1, 1_202, 100));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task OnlyTheLastToOpenMayWrite(StoreKind kind)
    {
        var log = Get(kind);
        var former = await OpenAsync(log);
        var latter = await OpenAsync(log);

        Assert.Equal(RoomLogAppend.Fenced, await log.AppendAsync(_room, former, 0, Entries(1, 1)));
        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, latter, 0, Entries(1, 1)));
        Assert.False(await log.TrimAsync(_room, former, 1, [Cut("user", "client", 9)], [("user", "client")]));
        Assert.False(await log.BeginEpochAsync(_room, former, "stolen"));
        Assert.False(await log.HoldsAsync(_room, former));
        Assert.True(await log.HoldsAsync(_room, latter));

        await OpenAsync(log);
        Assert.Single(_entries);
        Assert.Empty(_cutOff);
        Assert.Equal("epoch 1", _epoch);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task TheEpochIsThatOfTheFirstOpeningUntilAnotherIsBegun(StoreKind kind)
    {
        var log = Get(kind);
        await OpenAsync(log);
        var fence = await OpenAsync(log);
        Assert.Equal("epoch 1", _epoch);
        await log.AppendAsync(_room, fence, 0, Entries(1, 1));

        Assert.True(await log.BeginEpochAsync(_room, fence, "another"));

        await OpenAsync(log);
        Assert.Equal("another", _epoch);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AThousandClientsAreCutOffAtOnce(StoreKind kind)
    {
        var log = Get(kind);
        var fence = await OpenAsync(log);
        await log.AppendAsync(_room, fence, 0, Entries(1, 1_001));

        Assert.True(await log.TrimAsync(_room, fence, 1, [.. Enumerable.Range(0, 1_000).Select(client => Cut("user", $"{client}", client))], []));

        await OpenAsync(log);
        Assert.Equal(1_001, Assert.Single(_entries).Message.Offset);
        Assert.Equal(1_000, _cutOff.Count);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task AnAppendThatDoesNotFollowTheTailIsRefused(StoreKind kind)
    {
        var log = Get(kind);
        var fence = await OpenAsync(log);
        await log.AppendAsync(_room, fence, 0, Entries(1, 10));

        Assert.Equal(RoomLogAppend.TailMoved, await log.AppendAsync(_room, fence, 9, Entries(10, 1)));
        Assert.Equal(RoomLogAppend.TailMoved, await log.AppendAsync(_room, fence, 11, Entries(12, 1)));
        Assert.Equal(RoomLogAppend.TailMoved, await log.AppendAsync(_room, fence, 0, Entries(1, 1)));

        await OpenAsync(log);
        Assert.Equal(10, _entries.Count);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task WhatIsCutOffLeavesItsLastNumbers(StoreKind kind)
    {
        var log = Get(kind);
        var fence = await OpenAsync(log);
        await log.AppendAsync(_room, fence, 0, Entries(1, 100));

        Assert.True(await log.TrimAsync(_room, fence, 30, [Cut("a b", " c", 70), Cut("", "", 3)], []));

        Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync(_room, fence, 100, Entries(101, 1)));
        await OpenAsync(log);
        Assert.Equal(Entries(71, 31), _entries);
        Assert.Equal([Cut("", "", 3), Cut("a b", " c", 70)], _cutOff);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => log.ReadAsync(_room, 71, 70, 10));
        // Also to a reader that does not know of it yet.
        Assert.Equal(80, (await log.ReadAsync(_room, 1, 80, 10))[0].Offset);
        Assert.Equal(71, (await log.ReadAsync(_room, 1, 5, 10))[0].Offset);
        Assert.Empty(await log.ReadAsync(_room, 1, 200, 10));
    }

    // Noted in the order of their numbers.
    private static CutOffClient Cut(string userId, string clientId, long last)
        => new(userId, clientId, last, 1_000_000_000_000_000_000 + last, DateTimeOffset.UnixEpoch.AddMilliseconds(last));

    private static RoomLogEntry[] Entries(long first, int count) =>
    [
        .. Enumerable.Range(0, count).Select(index => new RoomLogEntry("epoch", new RoomMessage(
            first + index, "user", "name", "client", first + index, DateTimeOffset.UnixEpoch, $"message {first + index}"), 7)),
    ];

    private IRoomLog Get(StoreKind kind)
    {
        Assert.SkipWhen(kind == StoreKind.Redis && RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        return cluster.Stores.Get(kind);
    }

    private async Task<string> OpenAsync(IRoomLog log)
    {
        _entries.Clear();
        _cutOff.Clear();
        (var fence, _epoch) = await log.OpenAsync(
            _room, $"epoch {++_openings}", _cutOff.Add, _entries.Add);
        return fence;
    }
}
