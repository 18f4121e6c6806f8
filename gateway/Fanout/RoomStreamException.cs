namespace QuicChat.Gateway.Fanout;

/// <summary>A room stream cannot go on and is reset with <see cref="Code"/>; the connection and its other streams go on.</summary>
/// <param name="code">What to reset it with. Where it is reconnectable, the client joins again with its position.</param>
/// <param name="message">Why, in one line.</param>
/// <param name="innerException">What led to it.</param>
internal sealed class RoomStreamException(ErrorCode code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The application error code.</summary>
    public ErrorCode Code { get; } = code;
}
