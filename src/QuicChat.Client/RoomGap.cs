namespace QuicChat.Client;

/// <summary>
/// The room goes on elsewhere than behind the last message: its log no longer reaches back so far, or lost messages itself. What is between the two
/// places does not arrive; <see cref="SessionRoom.ReadHistoryAsync"/> reads what is still stored of it.
/// </summary>
/// <param name="LastBefore">Up to here everything has arrived.</param>
/// <param name="ContinuesAfter">
/// The next message is the one behind this offset. Where the epoch is another one, or the offset is lower, the store has lost messages: some that arrived
/// before may be gone from the room, and later ones bear their offsets. What has arrived before is not repeated, as far as the last 1,000 messages go.
/// </param>
public sealed record RoomGap(RoomPosition LastBefore, RoomPosition ContinuesAfter) : RoomEvent
{
    /// <summary>How many messages are missing; <see langword="null"/> where the store has lost messages and it cannot be told.</summary>
    public long? Missing => LastBefore.Epoch == ContinuesAfter.Epoch && ContinuesAfter.Offset >= LastBefore.Offset
        ? ContinuesAfter.Offset - LastBefore.Offset
        : null;
}
