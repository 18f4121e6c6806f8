namespace QuicChat.Gateway.Fanout;

/// <summary>A message as all members of a room at this gateway are sent it: encoded once.</summary>
/// <param name="Offset">Its place in the room's log.</param>
/// <param name="Frame">The frame with its length, ready for a stream.</param>
internal sealed record RelayedMessage(long Offset, ReadOnlyMemory<byte> Frame);
