using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// One message as it stands in a log. The epoch is part of each entry, so that a log that was lost takes its epoch with it.
/// </summary>
/// <param name="Epoch">The life of the log that it was written in.</param>
/// <param name="Message">The message.</param>
/// <param name="Term">What it was sent under.</param>
internal readonly record struct RoomLogEntry(string Epoch, RoomMessage Message, long Term);
