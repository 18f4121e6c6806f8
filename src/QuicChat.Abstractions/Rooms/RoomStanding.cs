namespace QuicChat.Abstractions.Rooms;

/// <summary>What a room answers to a gateway that asks for its messages.</summary>
/// <param name="Tail">How far the log reaches.</param>
/// <param name="Roster">The gateway's roster that the room goes by, 0 for none.</param>
/// <param name="Number">The last of its <see cref="RoomMembers.Number"/>s that the room has taken.</param>
/// <param name="HasPresence">
/// Whether the gateway was handed all changes since it last read who is in the room; where it was not, it reads again with
/// <see cref="IRoomGrain.GetPresence"/>.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.room.standing")]
public sealed record RoomStanding(
    [property: Id(0)] RoomTail Tail,
    [property: Id(1)] long Roster,
    [property: Id(2)] long Number,
    [property: Id(3)] bool HasPresence);
