using System.Net;
using Microsoft.Extensions.Logging;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Diagnostics;

/// <summary>The gateway's log lines. 1xx: the process; 2xx: connections; 3xx: rooms; 4xx: paths.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(100, LogLevel.Information, "Gateway {Id} serves on {EndPoint} with {Engine}.")]
    public static partial void Serving(this ILogger logger, string id, EndPoint endPoint, string engine);

    [LoggerMessage(101, LogLevel.Information, "Gateway {Id} is stopping; it tells {Connections} connections.")]
    public static partial void Stopping(this ILogger logger, string id, int connections);

    [LoggerMessage(102, LogLevel.Warning, "Time is up: {Connections} connections stay registered until this gateway's lease ends.")]
    public static partial void LeftRegistered(this ILogger logger, int connections);

    [LoggerMessage(103, LogLevel.Information, "Waiting for a silo of cluster {Cluster} in store {Store}: {Cause}.")]
    public static partial void WaitingForCluster(this ILogger logger, string cluster, object store, string cause);

    [LoggerMessage(104, LogLevel.Warning, "The gateway's lease could not be renewed; trying on.")]
    public static partial void LeaseNotRenewed(this ILogger logger, Exception exception);

    [LoggerMessage(105, LogLevel.Warning, "The lease had ended and is taken anew; {Connections} connections are registered again.")]
    public static partial void LeaseRegained(this ILogger logger, int connections);

    [LoggerMessage(106, LogLevel.Information, "Migrations may now take {Timeout}.")]
    public static partial void MigrationTimeoutChanged(this ILogger logger, TimeSpan timeout);

    [LoggerMessage(110, LogLevel.Information, "The migration policy is now {Policy}.")]
    public static partial void PolicyChanged(this ILogger logger, string policy);

    [LoggerMessage(107, LogLevel.Error, "Accepting connections failed.")]
    public static partial void AcceptFailed(this ILogger logger, Exception exception);

    [LoggerMessage(108, LogLevel.Warning, "Stopping did not come to its end: {Step}.")]
    public static partial void StopIncomplete(this ILogger logger, string step, Exception exception);

    [LoggerMessage(109, LogLevel.Warning, "The gateway's lease could not be given back; it ends by itself.")]
    public static partial void LeaseNotReleased(this ILogger logger, Exception exception);

    [LoggerMessage(111, LogLevel.Information, "Tokens are verified with {Keys} of '{File}'.")]
    public static partial void TokenKeysRead(this ILogger logger, object keys, string file);

    [LoggerMessage(112, LogLevel.Warning, "{Problem} Tokens are still verified with {Keys}.")]
    public static partial void TokenKeysNotRead(this ILogger logger, string problem, object keys);

    [LoggerMessage(113, LogLevel.Warning, "The shared key in '{File}' can be read or written by all users of this machine; 'chmod 600' it.")]
    public static partial void TokenKeyIsOpen(this ILogger logger, string file);

    [LoggerMessage(114, LogLevel.Debug, "The keys of session tokens could not be read; those at hand stay.")]
    public static partial void SessionKeysNotRead(this ILogger logger, Exception exception);

    [LoggerMessage(115, LogLevel.Warning, "The limit {Limit} is reached; what is above it is refused, or waits.")]
    public static partial void LimitReached(this ILogger logger, Limit limit);

    [LoggerMessage(116, LogLevel.Information, "Gateway {Id} drains: {Connections} connections are told to go to {Alternatives} other gateways, within {Seconds} s.")]
    public static partial void Draining(this ILogger logger, string id, int connections, int alternatives, double seconds);

    [LoggerMessage(117, LogLevel.Information, "Gateway {Id} is drained: {Gone} connections have gone, {Closed} were closed.")]
    public static partial void Drained(this ILogger logger, string id, int gone, int closed);

    [LoggerMessage(120, LogLevel.Information, "Gateway {Id} takes connections again.")]
    public static partial void Undrained(this ILogger logger, string id);

    [LoggerMessage(118, LogLevel.Warning, "Which other gateways there are could not be learnt; clients are not told where to go.")]
    public static partial void AlternativesNotFound(this ILogger logger, Exception exception);

    [LoggerMessage(122, LogLevel.Warning, "Other gateways are not told where this one is: connections whose clients' new paths lead to another gateway end. Give --link ADDRESS:PORT; the engine must be ngtcp2.")]
    public static partial void NoLink(this ILogger logger);

    [LoggerMessage(119, LogLevel.Error, "The cluster refuses the lease: {Reason}")]
    public static partial void LeaseRefused(this ILogger logger, string reason);

    [LoggerMessage(200, LogLevel.Debug, "{ConnectionId}: accepted from {Remote}.")]
    public static partial void Accepted(this ILogger logger, ConnectionId connectionId, EndPoint remote);

    [LoggerMessage(201, LogLevel.Debug, "{ConnectionId}: user {UserId} with client {ClientId} from {Remote}.")]
    public static partial void Authenticated(this ILogger logger, ConnectionId connectionId, string userId, string clientId, EndPoint remote);

    [LoggerMessage(EventId = 202, Message = "{ConnectionId}: closing with {Code}: {Reason}")]
    public static partial void Closing(this ILogger logger, LogLevel level, ConnectionId connectionId, ErrorCode code, string reason);

    [LoggerMessage(203, LogLevel.Debug, "{ConnectionId}: {Reason}")]
    public static partial void Ended(this ILogger logger, ConnectionId connectionId, string reason);

    [LoggerMessage(204, LogLevel.Error, "{ConnectionId}: serving the connection failed.")]
    public static partial void SessionFailed(this ILogger logger, ConnectionId connectionId, Exception exception);

    [LoggerMessage(205, LogLevel.Debug, "{ConnectionId}: {Method} failed.")]
    public static partial void ConnectionCallFailed(this ILogger logger, ConnectionId connectionId, string method, Exception exception);

    [LoggerMessage(206, LogLevel.Information, "{ConnectionId}: the cluster does not know the connection; registering it again.")]
    public static partial void RegisteringAgain(this ILogger logger, ConnectionId connectionId);

    [LoggerMessage(207, LogLevel.Information, "{ConnectionId}: unknown; not closed with code {Code}: {Reason}")]
    public static partial void CloseIgnored(this ILogger logger, string connectionId, int code, string reason);

    [LoggerMessage(208, LogLevel.Information, "{ConnectionId}: a room stream refused; {MaxRooms} rooms are allowed.")]
    public static partial void RoomRefused(this ILogger logger, ConnectionId connectionId, int maxRooms);

    [LoggerMessage(209, LogLevel.Debug, "{ConnectionId}: the session token is {State}.")]
    public static partial void SessionTokenRead(this ILogger logger, ConnectionId connectionId, SessionTokenState state);

    [LoggerMessage(210, LogLevel.Debug, "{ConnectionId}: goes on from {FormerConnectionId}, which ends.")]
    public static partial void SessionResumed(this ILogger logger, ConnectionId connectionId, ConnectionId formerConnectionId);

    [LoggerMessage(300, LogLevel.Debug, "{ConnectionId}: joined {Room} in epoch {Epoch} after {Position}, recovered: {Recovered}.")]
    public static partial void Joined(this ILogger logger, ConnectionId connectionId, string room, string epoch, long position, bool recovered);

    [LoggerMessage(301, LogLevel.Debug, "{ConnectionId}: left {Room} at {Position}.")]
    public static partial void Left(this ILogger logger, ConnectionId connectionId, string room, long position);

    [LoggerMessage(302, LogLevel.Information, "{ConnectionId}: reset of the stream of {Room} with {Code}: {Reason}")]
    public static partial void RoomStreamReset(this ILogger logger, ConnectionId connectionId, string room, ErrorCode code, string reason);

    [LoggerMessage(303, LogLevel.Error, "{ConnectionId}: serving {Room} failed.")]
    public static partial void RoomStreamFailed(this ILogger logger, ConnectionId connectionId, string room, Exception exception);

    [LoggerMessage(304, LogLevel.Debug, "Room {Room}: {Method} failed.")]
    public static partial void RoomCallFailed(this ILogger logger, string room, string method, Exception exception);

    [LoggerMessage(305, LogLevel.Warning, "Room {Room}: followed anew in epoch {Epoch} after {Last}; {Members} members join again.")]
    public static partial void RoomBegunAnew(this ILogger logger, string room, string epoch, long last, int members);

    [LoggerMessage(306, LogLevel.Debug, "Room {Room}: a batch came, but nobody here is in it.")]
    public static partial void BatchIgnored(this ILogger logger, string room);

    [LoggerMessage(307, LogLevel.Error, "Room {Room}: reading what is missing failed.")]
    public static partial void FillFailed(this ILogger logger, string room, Exception exception);

    [LoggerMessage(400, LogLevel.Debug, "{ConnectionId}: path from {From} to {To} ({Kind}).")]
    public static partial void PathDetected(this ILogger logger, ConnectionId connectionId, EndPoint from, EndPoint to, PathChangeKind kind);

    [LoggerMessage(403, LogLevel.Information, "{ConnectionId}: policy denies the path from {From} to {To} ({Kind}): {Reason}.")]
    public static partial void PathDenied(
        this ILogger logger, ConnectionId connectionId, EndPoint from, EndPoint to, PathChangeKind kind, string reason);

    [LoggerMessage(401, LogLevel.Debug, "{ConnectionId}: path from {From} to {To} ({Kind}) ended {Outcome} after {Milliseconds} ms. {Reason}")]
    public static partial void PathEnded(
        this ILogger logger,
        ConnectionId connectionId,
        EndPoint from,
        EndPoint to,
        PathChangeKind kind,
        MigrationNotice.Types.Outcome outcome,
        double milliseconds,
        string reason);

    [LoggerMessage(402, LogLevel.Warning, "{ConnectionId}: the engine ended a path change as {Outcome} that had not begun; not reported.")]
    public static partial void PathEndWithoutStart(this ILogger logger, ConnectionId connectionId, MigrationNotice.Types.Outcome outcome);
}
