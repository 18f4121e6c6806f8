using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>Who is in a room over all gateways. A user counts once, however many connections and gateways.</summary>
/// <param name="Writer">The activation of the room that says so.</param>
/// <param name="Number">Rises with each change, an activation.</param>
/// <param name="SettlesIn">
/// Until then an activation that has just begun may not have heard of all gateways; who was in the room before may be in it still.
/// </param>
/// <param name="Users">All users.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.presence")]
public sealed record RoomPresence(
    [property: Id(0)] string Writer,
    [property: Id(1)] long Number,
    [property: Id(2)] TimeSpan SettlesIn,
    [property: Id(3)] ImmutableArray<RoomUser> Users);
