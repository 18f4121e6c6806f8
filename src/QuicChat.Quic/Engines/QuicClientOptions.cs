namespace QuicChat.Quic.Engines;

/// <summary>How an engine opens connections.</summary>
public sealed class QuicClientOptions
{
    /// <summary>How the server's certificate is verified. There is no way to accept any certificate.</summary>
    public required ServerTrust Trust { get; init; }

    /// <summary>The application protocol to offer; the connection fails unless the server selects it.</summary>
    public string ApplicationProtocol { get; init; } = QuicDefaults.ApplicationProtocol;

    /// <summary>Silence after which the connection is given up.</summary>
    public TimeSpan IdleTimeout { get; init; } = QuicDefaults.IdleTimeout;

    /// <summary>Silence after which a PING is sent: 20 s, below the 30 s after which many NATs forget a UDP binding (RFC 4787, section 4.3).</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where what spares later connections round trips and signatures is kept; <see langword="null"/> keeps and uses nothing.</summary>
    public ResumptionCache? Resumption { get; init; } = ResumptionCache.Shared;

    /// <summary>The local address and port to send from; unset, the system chooses.</summary>
    public System.Net.IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>The sockets to share with other connections; unset, each connection has its own. It takes the place of <see cref="LocalEndPoint"/>.</summary>
    public ClientSocketPool? SocketPool { get; init; }

    /// <summary>How many unidirectional streams the server may have open; none by default, and one that is opened all the same ends the connection.</summary>
    public int MaxUnidirectionalStreams { get; init; }

    /// <summary>Unread bytes a stream may hold before its sender is stopped by flow control.</summary>
    public int StreamReceiveWindow { get; init; } = 256 * 1024;

    /// <summary>Unread bytes a connection may hold over all its streams.</summary>
    public int ConnectionReceiveWindow { get; init; } = 1024 * 1024;
}
