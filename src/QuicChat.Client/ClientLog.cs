using System.Net;
using Microsoft.Extensions.Logging;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>What the library logs. Event IDs are fixed; a connection's events begin with its ID.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "{ConnectionId}: connected as {UserId} to {RemoteEndPoint}, gateway {GatewayId}", EventName = "Connected")]
    public static partial void Connected(ILogger logger, ConnectionId connectionId, string userId, IPEndPoint remoteEndPoint, string gatewayId);

    [LoggerMessage(2, LogLevel.Information, "{Reason}", EventName = "ConnectFailed")]
    public static partial void ConnectFailed(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Information, "{ConnectionId}: closed by {Origin}, code {Code}: {Reason}", EventName = "Closed")]
    public static partial void Closed(ILogger logger, ConnectionId connectionId, ChatCloseOrigin origin, ErrorCode? code, string reason);

    [LoggerMessage(4, LogLevel.Information, "{ConnectionId}: joined {Room} behind {Epoch}:{Offset}, recovered {IsRecovered}", EventName = "Joined")]
    public static partial void Joined(ILogger logger, ConnectionId connectionId, string room, string epoch, long offset, bool isRecovered);

    [LoggerMessage(5, LogLevel.Information, "{ConnectionId}: left {Room} behind {Offset}", EventName = "Left")]
    public static partial void Left(ILogger logger, ConnectionId connectionId, string room, long offset);

    [LoggerMessage(6, LogLevel.Warning, "{ConnectionId}: a message to {Room} was rejected, retry after {RetryAfter}: {Reason}", EventName = "PublishRejected")]
    public static partial void PublishRejected(ILogger logger, ConnectionId connectionId, string room, string reason, TimeSpan retryAfter);

    [LoggerMessage(7, LogLevel.Information, "{ConnectionId}: path change {Kind} {Outcome} from {From} to {To} after {Duration}", EventName = "PathChanged")]
    public static partial void PathChanged(
        ILogger logger, ConnectionId connectionId, PathChangeKind kind, PathChangeOutcome outcome, string from, string to, TimeSpan duration);

    [LoggerMessage(8, LogLevel.Debug, "{ConnectionId}: a notice of kind {Kind} and outcome {Outcome} is not known to this version", EventName = "UnknownNotice")]
    public static partial void UnknownNotice(
        ILogger logger, ConnectionId connectionId, MigrationNotice.Types.Kind kind, MigrationNotice.Types.Outcome outcome);

    [LoggerMessage(9, LogLevel.Warning, "{ConnectionId}: the gateway is going away: {Reason}", EventName = "GoingAway")]
    public static partial void GoingAway(ILogger logger, ConnectionId connectionId, string reason);

    [LoggerMessage(10, LogLevel.Debug, "{ConnectionId}: the system reports a change of its network", EventName = "NetworkChanged")]
    public static partial void NetworkChanged(ILogger logger, ConnectionId connectionId);

    [LoggerMessage(11, LogLevel.Error, "{ConnectionId}: the application's handler of {Event} failed", EventName = "HandlerFailed")]
    public static partial void HandlerFailed(ILogger logger, ConnectionId connectionId, string @event, Exception exception);

    [LoggerMessage(12, LogLevel.Debug, "{ConnectionId}: the control stream ended, and the connection did not", EventName = "ControlStreamEndedAlone")]
    public static partial void ControlStreamEndedAlone(ILogger logger, ConnectionId connectionId);

    [LoggerMessage(13, LogLevel.Debug, "{ConnectionId}: the token lasts {Life}; the next one is fetched in {Delay}", EventName = "TokenRefreshDue")]
    public static partial void TokenRefreshDue(ILogger logger, ConnectionId connectionId, TimeSpan life, TimeSpan delay);

    [LoggerMessage(14, LogLevel.Warning, "{ConnectionId}: no new token: {Reason}", EventName = "TokenNotRefreshed")]
    public static partial void TokenNotRefreshed(ILogger logger, ConnectionId connectionId, string reason, Exception? exception);

    [LoggerMessage(15, LogLevel.Information, "{ConnectionId}: moved from {From} to {To} ({Network})", EventName = "Roamed")]
    public static partial void Roamed(ILogger logger, ConnectionId connectionId, IPAddress from, IPAddress to, string network);

    [LoggerMessage(16, LogLevel.Debug, "{ConnectionId}: {Address} ({Network}) cannot be moved to: {Reason}", EventName = "NetworkUseless")]
    public static partial void NetworkUseless(ILogger logger, ConnectionId connectionId, IPAddress address, string network, string reason);

    [LoggerMessage(17, LogLevel.Error, "{ConnectionId}: whether there is a better network could not be found out", EventName = "RoamingFailed")]
    public static partial void RoamingFailed(ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(20, LogLevel.Information, "{ConnectionId}: the session's connection ended; try {Attempt} in {Delay}: {Reason}", EventName = "Reconnecting")]
    public static partial void Reconnecting(ILogger logger, ConnectionId connectionId, int attempt, TimeSpan delay, string reason);

    [LoggerMessage(21, LogLevel.Information, "{ConnectionId}: the session moves to another gateway, for this one {Why}", EventName = "Moving")]
    public static partial void Moving(ILogger logger, ConnectionId connectionId, string why);

    [LoggerMessage(22, LogLevel.Information, "{ConnectionId}: no other gateway takes the session, next try in {Delay}: {Reason}", EventName = "MoveFailed")]
    public static partial void MoveFailed(ILogger logger, ConnectionId connectionId, TimeSpan delay, string reason);

    [LoggerMessage(23, LogLevel.Information, "{ConnectionId}: the session ended by {Origin}, code {Code}: {Reason}", EventName = "SessionClosed")]
    public static partial void SessionClosed(ILogger logger, ConnectionId connectionId, ChatCloseOrigin origin, ErrorCode? code, string reason);

    [LoggerMessage(24, LogLevel.Information, "{ConnectionId}: {Room} will be joined anew in {Delay}: {Reason}", EventName = "RejoiningRoom")]
    public static partial void RejoiningRoom(ILogger logger, ConnectionId connectionId, string room, TimeSpan delay, string reason);

    [LoggerMessage(25, LogLevel.Warning, "{ConnectionId}: messages of {Room} are missing between {LastBefore} and {ContinuesAfter}", EventName = "RoomGap")]
    public static partial void Gap(ILogger logger, ConnectionId connectionId, string room, RoomPosition lastBefore, RoomPosition continuesAfter);

    [LoggerMessage(26, LogLevel.Error, "{ConnectionId}: the session failed", EventName = "SessionFailed")]
    public static partial void SessionFailed(ILogger logger, ConnectionId connectionId, Exception exception);
}
