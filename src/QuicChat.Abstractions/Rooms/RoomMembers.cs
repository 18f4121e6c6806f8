using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>
/// The users that are in a room by one gateway, or what has changed. A change is taken where it follows on the last one; otherwise the answer
/// shows that the room lacks some, and the gateway says all again.
/// </summary>
/// <param name="Roster">Which count of the gateway this belongs to; a later one is larger.</param>
/// <param name="Number">Dense from 1 a roster.</param>
/// <param name="IsComplete">Whether <paramref name="Joined"/> is all, whatever was said before.</param>
/// <param name="Joined">Users that are in the room now.</param>
/// <param name="Left">IDs of users that are not any more.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.members")]
public sealed record RoomMembers(
    [property: Id(0)] long Roster,
    [property: Id(1)] long Number,
    [property: Id(2)] bool IsComplete,
    [property: Id(3)] ImmutableArray<RoomUser> Joined,
    [property: Id(4)] ImmutableArray<string> Left);
