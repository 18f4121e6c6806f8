using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Client;

/// <summary>How a connection ended.</summary>
/// <param name="Origin">Who or what ended it.</param>
/// <param name="Code">The protocol's error code, where one side gave one.</param>
/// <param name="Message">What happened, in one line.</param>
public sealed record ChatCloseReason(ChatCloseOrigin Origin, ErrorCode? Code, string Message)
{
    /// <summary>Whether it makes sense to connect again; after <see cref="ErrorCode.AuthExpired"/> with a new token.</summary>
    public bool IsReconnectable => Origin != ChatCloseOrigin.Application && (Code?.IsReconnectable() ?? true);

    internal static ChatCloseReason From(ConnectionClosure closure)
    {
        var reason = closure.Reason.Length == 0 ? "" : $": {closure.Reason}";
        var transport = closure.TransportErrorCode is { } error ? $" with transport error 0x{error:x}" : "";
        return closure switch
        {
            { Origin: ConnectionCloseOrigin.Peer, ApplicationErrorCode: { } wire } when ErrorCodes.FromWire(wire) is var code
                => new(ChatCloseOrigin.Gateway, code, $"The gateway closed the connection with {code.ToName()}{reason}."),
            { Origin: ConnectionCloseOrigin.Peer } => new(ChatCloseOrigin.Gateway, null, $"The gateway closed the connection{transport}{reason}."),
            { Origin: ConnectionCloseOrigin.Local } => new(ChatCloseOrigin.Client, null, $"The QUIC engine closed the connection{transport}{reason}."),
            { Origin: ConnectionCloseOrigin.StatelessReset }
                => new(ChatCloseOrigin.Network, null, "The gateway no longer knows the connection: it may have been restarted."),
            _ => new(ChatCloseOrigin.Network, null, "Nothing was heard from the gateway for longer than the idle time-out."),
        };
    }
}
