using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

internal static partial class SystemEngineLog
{
    [LoggerMessage(1, LogLevel.Debug, "{ConnectionId}: handshake completed on {Path}", EventName = "HandshakeCompleted")]
    public static partial void HandshakeCompleted(ILogger logger, ConnectionId connectionId, NetworkPath path);

    [LoggerMessage(2, LogLevel.Debug, "{ConnectionId}: ended: {Closure}", EventName = "ConnectionEnded")]
    public static partial void ConnectionEnded(ILogger logger, ConnectionId connectionId, ConnectionClosure closure);

    [LoggerMessage(3, LogLevel.Debug, "A connection was not made: {Reason}", EventName = "HandshakeFailed")]
    public static partial void HandshakeFailed(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Warning, "A connection from {Remote} could not be accepted", EventName = "AcceptFailed")]
    public static partial void AcceptFailed(ILogger logger, string remote, Exception exception);

    [LoggerMessage(5, LogLevel.Error, "{ConnectionId}: closed after an error in the engine", EventName = "ConnectionFaulted")]
    public static partial void ConnectionFaulted(ILogger logger, ConnectionId connectionId, Exception exception);
}
