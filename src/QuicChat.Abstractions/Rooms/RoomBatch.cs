using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>New messages of a room on their way to a gateway.</summary>
/// <param name="Room">The room.</param>
/// <param name="Epoch">The log's epoch.</param>
/// <param name="Messages">Consecutive messages, at least one.</param>
/// <param name="Writer">The activation of the room that stored them; see <see cref="RoomTail.Writer"/>.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.batch")]
public sealed record RoomBatch(
    [property: Id(0)] string Room,
    [property: Id(1)] string Epoch,
    [property: Id(2)] ImmutableArray<RoomMessage> Messages,
    [property: Id(3)] string Writer);
