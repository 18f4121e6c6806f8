using Microsoft.Extensions.Logging;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Critical, "The QUIC driver's thread ended by an error", EventName = "LoopFailed")]
    public static partial void LoopFailed(ILogger logger, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "{ConnectionId}: closed after an error in the engine", EventName = "ConnectionFaulted")]
    public static partial void ConnectionFaulted(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(3, LogLevel.Debug, "{ConnectionId}: handshake completed on {Path}, resumed: {IsResumed}", EventName = "HandshakeCompleted")]
    public static partial void HandshakeCompleted(ILogger logger, ConnectionId connectionId, NetworkPath path, bool isResumed);

    [LoggerMessage(4, LogLevel.Debug, "{ConnectionId}: ended: {Closure}", EventName = "ConnectionEnded")]
    public static partial void ConnectionEnded(ILogger logger, ConnectionId connectionId, Engines.ConnectionClosure closure);

    [LoggerMessage(5, LogLevel.Debug, "{ConnectionId}: path event {PathEvent}", EventName = "PathEvent")]
    public static partial void PathEvent(ILogger logger, ConnectionId connectionId, PathEvent pathEvent);

    [LoggerMessage(6, LogLevel.Warning, "A connection from {Remote} could not be accepted", EventName = "AcceptFailed")]
    public static partial void AcceptFailed(ILogger logger, string remote, Exception exception);

    [LoggerMessage(7, LogLevel.Information, "{Listener}: {Count} datagrams rejected since this was last told: {Reason}; the latest from {Remote}",
        EventName = "Rejected", SkipEnabledCheck = true)]
    public static partial void Rejected(
        ILogger logger, System.Net.EndPoint listener, long count, Engines.RejectionReason reason, System.Net.EndPoint remote);

    [LoggerMessage(8, LogLevel.Error, "{ConnectionId}: no certificate for a client that asks for '{ServerName}'",
        EventName = "CertificateUnavailable")]
    public static partial void CertificateUnavailable(ILogger logger, ConnectionId connectionId, string serverName, Exception exception);
}
