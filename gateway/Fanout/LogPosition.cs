namespace QuicChat.Gateway.Fanout;

/// <summary>A place in a room's log as a client knows it.</summary>
/// <param name="Epoch">The epoch; offsets of different epochs do not compare.</param>
/// <param name="Offset">The newest message that the client has; 0 for none.</param>
internal readonly record struct LogPosition(string Epoch, long Offset);
