using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;

namespace QuicChat.Grains.Tests.Stores;

/// <summary>Puts each room of the one test cluster into the store that its name begins with.</summary>
internal sealed class RoutingRoomLog(TestStores stores) : IRoomLog
{
    public static string NewRoom(StoreKind kind) => $"{kind}/{Guid.NewGuid():N}";

    public Task<RoomLogOpening> OpenAsync(
        string room, string newEpoch, Action<CutOffClient> cutOff, Action<RoomLogEntry> entry)
        => For(room).OpenAsync(room, newEpoch, cutOff, entry);

    public Task<bool> HoldsAsync(string room, string fence) => For(room).HoldsAsync(room, fence);

    public Task<bool> BeginEpochAsync(string room, string fence, string epoch) => For(room).BeginEpochAsync(room, fence, epoch);

    public Task<RoomLogAppend> AppendAsync(string room, string fence, long tail, IReadOnlyList<RoomLogEntry> entries)
        => For(room).AppendAsync(room, fence, tail, entries);

    public Task<IReadOnlyList<RoomMessage>> ReadAsync(string room, long firstOffset, long fromOffset, int limit)
        => For(room).ReadAsync(room, firstOffset, fromOffset, limit);

    public Task<bool> TrimAsync(
        string room,
        string fence,
        int keep,
        IReadOnlyList<CutOffClient> cutOff,
        IReadOnlyList<(string UserId, string ClientId)> forgotten)
        => For(room).TrimAsync(room, fence, keep, cutOff, forgotten);

    private IRoomLog For(string room) => stores.Get(Enum.Parse<StoreKind>(room.AsSpan(0, room.IndexOf('/'))));
}
