using Microsoft.AspNetCore.Connections;

namespace QuicChat.Quic.Engines;

/// <summary>The connection ended, or could not be made.</summary>
/// <param name="closure">How it ended.</param>
public sealed class QuicConnectionClosedException(ConnectionClosure closure) : ConnectionResetException(Describe(closure))
{
    /// <summary>How the connection ended.</summary>
    public ConnectionClosure Closure { get; } = closure;

    private static string Describe(ConnectionClosure closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        var by = closure.Origin switch
        {
            ConnectionCloseOrigin.Local => "closed by this side",
            ConnectionCloseOrigin.Peer => "closed by the peer",
            ConnectionCloseOrigin.IdleTimeout => "given up after silence for longer than the idle time-out",
            ConnectionCloseOrigin.HandshakeTimeout => "given up: the handshake took too long; no server may be listening there, or UDP is blocked on the way",
            _ => "reset: the peer no longer knows it",
        };
        var code = closure switch
        {
            { ApplicationErrorCode: { } application } => $", application error code {application}",
            { TransportErrorCode: { } transport } => $", transport error code 0x{transport:x}",
            _ => "",
        };
        var reason = closure.Reason.Length == 0 ? "" : $": {closure.Reason}";
        return $"The QUIC connection was {by}{code}{reason}.";
    }
}
