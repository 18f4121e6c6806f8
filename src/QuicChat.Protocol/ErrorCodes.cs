using QuicChat.Protocol.V1;

namespace QuicChat.Protocol;

/// <summary>What application error codes mean for the side that receives one.</summary>
public static class ErrorCodes
{
    /// <summary>
    /// Reads a code from a stream's or connection's end. One that this version does not know is taken as <see cref="ErrorCode.Internal"/>:
    /// something went wrong at the peer, and trying again is allowed.
    /// </summary>
    public static ErrorCode FromWire(ulong code)
        => code <= (ulong)ErrorCode.ClientIdTaken ? (ErrorCode)code : ErrorCode.Internal;

    /// <summary>
    /// Whether the same may be tried again: another connection, another Join, the same publish later. After
    /// <see cref="ErrorCode.AuthExpired"/> it takes a new token.
    /// </summary>
    public static bool IsReconnectable(this ErrorCode code) => code switch
    {
        ErrorCode.AuthExpired
            or ErrorCode.MigrationFailed
            // A policy judges changes of path; a new connection authenticates from where the client is now.
            or ErrorCode.MigrationDenied
            or ErrorCode.SlowConsumer
            or ErrorCode.GoingAway
            or ErrorCode.RateLimited
            or ErrorCode.Internal
            or ErrorCode.ClientIdTaken => true,
        _ => false,
    };

    /// <summary>Whether trying the same again is pointless or unwanted: the opposite of <see cref="IsReconnectable"/>.</summary>
    public static bool IsTerminal(this ErrorCode code) => !code.IsReconnectable();

    /// <summary>The code's name as documents and logs write it, such as <c>PROTOCOL_VIOLATION</c>.</summary>
    public static string ToName(this ErrorCode code) => code switch
    {
        ErrorCode.NoError => "NO_ERROR",
        ErrorCode.ProtocolViolation => "PROTOCOL_VIOLATION",
        ErrorCode.AuthFailed => "AUTH_FAILED",
        ErrorCode.AuthExpired => "AUTH_EXPIRED",
        ErrorCode.MigrationFailed => "MIGRATION_FAILED",
        ErrorCode.MigrationDenied => "MIGRATION_DENIED",
        ErrorCode.SlowConsumer => "SLOW_CONSUMER",
        ErrorCode.GoingAway => "GOING_AWAY",
        ErrorCode.Kicked => "KICKED",
        ErrorCode.RateLimited => "RATE_LIMITED",
        ErrorCode.Internal => "INTERNAL",
        ErrorCode.FrameTooLarge => "FRAME_TOO_LARGE",
        ErrorCode.NotAllowed => "NOT_ALLOWED",
        ErrorCode.ClientIdTaken => "CLIENT_ID_TAKEN",
        _ => $"UNKNOWN_{(int)code}",
    };
}
