using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// The gateway refused or ended a room while the connection goes on, for example with <see cref="ErrorCode.NotAllowed"/> or
/// <see cref="ErrorCode.SlowConsumer"/>. Of a publish without its receipt it is unknown whether the message was stored.
/// </summary>
public sealed class RoomClosedException : ChatException
{
    internal RoomClosedException(string room, ErrorCode code, string message, Exception? innerException = null)
        : base(message, code, innerException)
    {
        Room = room;
    }

    /// <summary>The room.</summary>
    public string Room { get; }
}
