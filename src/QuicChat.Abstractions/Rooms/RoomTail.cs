namespace QuicChat.Abstractions.Rooms;

/// <summary>How far a room's log reaches.</summary>
/// <param name="Epoch">Names one life of the log; offsets of different epochs do not compare.</param>
/// <param name="FirstOffset">The oldest message that can be read; one more than <paramref name="LastOffset"/> where there is none.</param>
/// <param name="LastOffset">The newest message stored; 0 where there never was one.</param>
/// <param name="Writer">
/// The activation of the room that says so. What two of them say may differ for a moment, also where the epoch is the same: the later one may
/// have found a log that had lost messages. Only <see cref="IRoomGrain.Attach"/> tells.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.room.tail")]
public sealed record RoomTail(
    [property: Id(0)] string Epoch,
    [property: Id(1)] long FirstOffset,
    [property: Id(2)] long LastOffset,
    [property: Id(3)] string Writer);
