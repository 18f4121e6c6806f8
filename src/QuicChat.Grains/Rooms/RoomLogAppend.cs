namespace QuicChat.Grains.Rooms;

/// <summary>What became of an append.</summary>
internal enum RoomLogAppend
{
    /// <summary>The entries are stored.</summary>
    Stored,

    /// <summary>Somebody else has opened the log since; nothing was stored.</summary>
    Fenced,

    /// <summary>The log does not end where the writer believes; nothing was stored.</summary>
    TailMoved,
}
