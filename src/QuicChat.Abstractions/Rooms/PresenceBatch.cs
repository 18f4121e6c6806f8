using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>Changes of who is in a room, on their way to a gateway. Of several changes of one user there is the last.</summary>
/// <param name="Room">The room.</param>
/// <param name="Writer">The activation of the room that says so.</param>
/// <param name="From">The <see cref="RoomPresence.Number"/> before these changes.</param>
/// <param name="To">That after them.</param>
/// <param name="Joined">Users that are in the room now.</param>
/// <param name="Left">IDs of users that are not any more.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.presence-batch")]
public sealed record PresenceBatch(
    [property: Id(0)] string Room,
    [property: Id(1)] string Writer,
    [property: Id(2)] long From,
    [property: Id(3)] long To,
    [property: Id(4)] ImmutableArray<RoomUser> Joined,
    [property: Id(5)] ImmutableArray<string> Left);
