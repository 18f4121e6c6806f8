using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>Consecutive messages of a room's log.</summary>
/// <param name="Tail">How far the log reaches.</param>
/// <param name="Messages">The messages, their offsets rising by one; empty where there are none.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.page")]
public sealed record RoomPage(
    [property: Id(0)] RoomTail Tail,
    [property: Id(1)] ImmutableArray<RoomMessage> Messages);
