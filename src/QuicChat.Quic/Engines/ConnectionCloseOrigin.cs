namespace QuicChat.Quic.Engines;

/// <summary>Who or what ended a connection.</summary>
public enum ConnectionCloseOrigin
{
    /// <summary>This side.</summary>
    Local,

    /// <summary>The peer.</summary>
    Peer,

    /// <summary>Silence for longer than the idle time-out.</summary>
    IdleTimeout,

    /// <summary>The handshake took too long.</summary>
    HandshakeTimeout,

    /// <summary>The peer no longer knows the connection (RFC 9000, section 10.3).</summary>
    StatelessReset,
}
