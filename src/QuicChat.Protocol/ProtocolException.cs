using QuicChat.Protocol.V1;

namespace QuicChat.Protocol;

/// <summary>Bytes that break the protocol. The connection they came on is closed with <see cref="Code"/>.</summary>
/// <param name="code">What to close with.</param>
/// <param name="message">What was wrong, in one line; fit for the closing reason (RFC 9000, section 19.19).</param>
/// <param name="innerException">What led to it.</param>
public sealed class ProtocolException(ErrorCode code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The application error code to close the connection with.</summary>
    public ErrorCode Code { get; } = code;
}
