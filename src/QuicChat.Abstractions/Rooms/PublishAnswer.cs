using System.Collections.Immutable;

namespace QuicChat.Abstractions.Rooms;

/// <summary>What became of the messages of a call, and what the room had for the gateway at that moment.</summary>
/// <param name="Receipts">A receipt for each message, in their order.</param>
/// <param name="Stored">
/// Messages that the gateway has asked for, its own or others', instead of a delivery; <see langword="null"/> where there are none.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.room.answer")]
public sealed record PublishAnswer(
    [property: Id(0)] ImmutableArray<PublishReceipt> Receipts,
    [property: Id(1)] RoomBatch? Stored);
