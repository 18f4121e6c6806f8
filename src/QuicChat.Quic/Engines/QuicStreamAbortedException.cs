using Microsoft.AspNetCore.Connections;

namespace QuicChat.Quic.Engines;

/// <summary>The peer reset a stream that is read, or told this side to stop sending on one that is written (RFC 9000, section 3).</summary>
/// <param name="errorCode">The peer's application error code.</param>
public sealed class QuicStreamAbortedException(ulong errorCode)
    : ConnectionResetException($"The peer aborted the stream with application error code {errorCode}.")
{
    /// <summary>The peer's application error code.</summary>
    public ulong ErrorCode { get; } = errorCode;
}
