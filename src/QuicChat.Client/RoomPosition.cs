namespace QuicChat.Client;

/// <summary>A place in a room's log: behind the message of <paramref name="Offset"/>.</summary>
/// <param name="Epoch">Names one life of the log; offsets of different epochs do not compare.</param>
/// <param name="Offset">A message's offset, or 0 for the place before the first one.</param>
public sealed record RoomPosition(string Epoch, long Offset);
