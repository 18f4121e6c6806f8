using System.Net.Quic;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.SystemNet;

/// <summary>How connections ended, told from the exceptions of System.Net.Quic.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal static class Closures
{
    // RFC 9000, section 20.1, and RFC 9001, section 4.8: TLS alerts follow 0x100.
    private const ulong ConnectionRefused = 0x2;
    private const ulong BadCertificate = 0x100 + 42;
    private const ulong UserCanceled = 0x100 + 90;
    private const ulong NoApplicationProtocol = 0x100 + 120;

    /// <summary>This side did not trust the server. (What the server hears from System.Net.Quic is user_canceled.)</summary>
    public static ConnectionClosure Untrusted(string problem) => new(ConnectionCloseOrigin.Local, null, BadCertificate, problem);

    /// <summary>How the connection ended, where this side had not closed it.</summary>
    /// <returns>The closure, or <see langword="null"/> for an exception that does not tell of a connection's end.</returns>
    public static ConnectionClosure? Of(Exception exception) => exception switch
    {
        QuicException { QuicError: QuicError.ConnectionAborted, ApplicationErrorCode: var code } => Peer((ulong?)code, null),
        QuicException { QuicError: QuicError.ConnectionIdle } => new(ConnectionCloseOrigin.IdleTimeout, null, null, ""),
        QuicException { QuicError: QuicError.ConnectionTimeout }
            => new(ConnectionCloseOrigin.IdleTimeout, null, null, "the peer has stopped acknowledging"),
        QuicException { QuicError: QuicError.ConnectionRefused } => Peer(null, ConnectionRefused),
        QuicException { QuicError: QuicError.AlpnInUse or QuicError.VersionNegotiationError } e => Peer(null, null, e.Message),
        QuicException { QuicError: QuicError.TransportError, TransportErrorCode: var code } e => Peer(null, (ulong?)code, e.Message),
        QuicException { QuicError: QuicError.InternalError } e => new(ConnectionCloseOrigin.Local, null, null, e.Message),
        QuicException { QuicError: QuicError.OperationAborted } or ObjectDisposedException
            => new(ConnectionCloseOrigin.Local, null, null, ""),
        AuthenticationException e => Peer(null, AlertOf(e), e.Message),
        SocketException e => new(ConnectionCloseOrigin.Local, null, null, e.Message),
        _ => null,
    };

    /// <summary>How a connection ended that never came about.</summary>
    public static ConnectionClosure? OfHandshake(Exception exception) => exception switch
    {
        // The network says at once what time would tell.
        SocketException
        {
            SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.ConnectionRefused
        } e => new(ConnectionCloseOrigin.HandshakeTimeout, null, null, e.Message),
        SocketException => null,
        QuicException { QuicError: QuicError.ConnectionTimeout or QuicError.ConnectionIdle }
            => new(ConnectionCloseOrigin.HandshakeTimeout, null, null, ""),
        _ => Of(exception),
    };

    private static ConnectionClosure Peer(ulong? application, ulong? transport, string reason = "")
        => new(ConnectionCloseOrigin.Peer, application, transport, reason);

    // Its message alone names the alert; the number below it is that of the system: ENOPROTOOPT, or QUIC_STATUS_ALPN_NEG_FAILURE on
    // Windows.
    private static ulong? AlertOf(AuthenticationException exception) => (exception.HResult, OperatingSystem.IsMacOS()) switch
    {
        (92, false) or (42, true) or (unchecked((int)0x80410007), _) => NoApplicationProtocol,
        _ when exception.Message.Contains("UserCanceled", StringComparison.Ordinal) => UserCanceled,
        _ => null,
    };
}
