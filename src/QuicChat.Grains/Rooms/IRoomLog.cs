using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// The logs of all rooms. A log is an epoch, a list of entries with dense offsets, and beside it a note of each client whose
/// entries were cut off. It has one writer at a time: the one that opened it last.
/// </summary>
internal interface IRoomLog
{
    /// <summary>Becomes the log's only writer, and reads all of it.</summary>
    /// <param name="room">The room.</param>
    /// <param name="newEpoch">The epoch of a log that has none yet.</param>
    /// <param name="cutOff">Called first, for each note, the oldest first.</param>
    /// <param name="entry">Called then, for each entry in order.</param>
    Task<RoomLogOpening> OpenAsync(string room, string newEpoch, Action<CutOffClient> cutOff, Action<RoomLogEntry> entry);

    /// <summary>
    /// Whether the log has not been opened by anybody else since. A log without entries is kept for a day from its opening, or from when its
    /// writer last asked; then it has no writer and no epoch any more.
    /// </summary>
    /// <param name="room">The room.</param>
    /// <param name="fence">Of the last opening.</param>
    Task<bool> HoldsAsync(string room, string fence);

    /// <summary>Gives the log another epoch.</summary>
    /// <param name="room">The room.</param>
    /// <param name="fence">Of the last opening; with another one nothing happens.</param>
    /// <param name="epoch">The epoch.</param>
    /// <returns><see langword="false"/> where somebody else has opened the log since.</returns>
    Task<bool> BeginEpochAsync(string room, string fence, string epoch);

    /// <summary>Appends entries, all or none of them.</summary>
    /// <param name="room">The room.</param>
    /// <param name="fence">Of the last opening.</param>
    /// <param name="tail">The offset of the last entry before these.</param>
    /// <param name="entries">The entries, their offsets following <paramref name="tail"/>.</param>
    Task<RoomLogAppend> AppendAsync(string room, string fence, long tail, IReadOnlyList<RoomLogEntry> entries);

    /// <summary>Reads messages from an offset on.</summary>
    /// <param name="room">The room.</param>
    /// <param name="firstOffset">The oldest entry, as far as the reader knows.</param>
    /// <param name="fromOffset">Where to begin; not below <paramref name="firstOffset"/>.</param>
    /// <param name="limit">How many at most.</param>
    Task<IReadOnlyList<RoomMessage>> ReadAsync(string room, long firstOffset, long fromOffset, int limit);

    /// <summary>Cuts off all but the newest entries, after noting the clients that have none left.</summary>
    /// <param name="room">The room.</param>
    /// <param name="fence">Of the last opening; with another one nothing happens.</param>
    /// <param name="keep">How many entries stay; at least 1, for the last one holds the tail.</param>
    /// <param name="cutOff">What is to be noted, in place of an older note of the same client. 1,000 at most.</param>
    /// <param name="forgotten">User and client whose notes go. 1,000 at most.</param>
    /// <returns><see langword="false"/> where somebody else has opened the log since.</returns>
    Task<bool> TrimAsync(
        string room,
        string fence,
        int keep,
        IReadOnlyList<CutOffClient> cutOff,
        IReadOnlyList<(string UserId, string ClientId)> forgotten);
}
