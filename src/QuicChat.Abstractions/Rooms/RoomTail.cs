namespace QuicChat.Abstractions.Rooms;

/// <summary>How far a room's log reaches.</summary>
/// <param name="Epoch">Names one life of the log; offsets of different epochs do not compare.</param>
/// <param name="FirstOffset">The oldest message still stored; 1 in an empty log.</param>
/// <param name="LastOffset">The newest message stored; 0 in an empty log.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.tail")]
public sealed record RoomTail(
    [property: Id(0)] string Epoch,
    [property: Id(1)] long FirstOffset,
    [property: Id(2)] long LastOffset);
