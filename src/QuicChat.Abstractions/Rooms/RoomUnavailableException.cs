namespace QuicChat.Abstractions.Rooms;

/// <summary>
/// A room cannot reach its log, or has just moved to another silo. Whether a message that was under way is stored is not known;
/// publishing it again under the same number stores it, or finds it stored.
/// </summary>
[GenerateSerializer, Alias("quicchat.room.unavailable")]
public sealed class RoomUnavailableException : Exception
{
    /// <summary>Says which room, and why.</summary>
    /// <param name="message">One line.</param>
    public RoomUnavailableException(string message)
        : base(message)
    {
    }
}
