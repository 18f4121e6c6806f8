namespace QuicChat.Abstractions.Rooms;

/// <summary>What became of a message.</summary>
/// <param name="Outcome">Stored, found stored, or why refused.</param>
/// <param name="Offset">Its offset where it is stored; otherwise 0.</param>
/// <param name="LastClientSeq">The newest <c>clientSeq</c> stored from this client.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.receipt")]
public sealed record PublishReceipt(
    [property: Id(0)] PublishOutcome Outcome,
    [property: Id(1)] long Offset,
    [property: Id(2)] long LastClientSeq);
