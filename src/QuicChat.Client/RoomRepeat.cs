namespace QuicChat.Client;

/// <summary>
/// A message that the application has had before a gap. It is not shown again, but <see cref="SessionRoom.Position"/> goes on behind it.
/// </summary>
/// <param name="Position">Its place.</param>
internal sealed record RoomRepeat(RoomPosition Position) : RoomEvent;
