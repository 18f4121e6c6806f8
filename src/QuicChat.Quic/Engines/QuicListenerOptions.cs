using QuicChat.Quic.Certificates;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Engines;

/// <summary>How an engine accepts connections.</summary>
public sealed class QuicListenerOptions
{
    /// <summary>The server's certificate chain and key, as PEM; <see langword="null"/> only where the listener has one chosen for each connection.</summary>
    public required PemCertificate? Certificate { get; init; }

    /// <summary>The one certificate of all connections.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    internal PemCertificate FixedCertificate
        => Certificate ?? throw new ArgumentException("A listener that has no certificate chosen for each connection needs one.", nameof(Certificate));

    /// <summary>The application protocol that a client must offer (RFC 9001, section 8.1).</summary>
    public string ApplicationProtocol { get; init; } = QuicDefaults.ApplicationProtocol;

    /// <summary>The server ID put into connection IDs where there is no <see cref="Pool"/>.</summary>
    public uint ServerId { get; init; }

    /// <summary>The pool of servers that this one belongs to; unset, it stands alone.</summary>
    public ServerPool? Pool { get; init; }

    /// <summary>Silence after which a connection is given up. It is longer than <see cref="MigrationTimeout"/>, so that an attempt ends first.</summary>
    public TimeSpan IdleTimeout { get; init; } = QuicDefaults.IdleTimeout;

    /// <summary>Silence after which the server sends a PING; none by default, for the client keeps its own NAT binding alive.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long a migration attempt may stay unresolved.</summary>
    public TimeSpan MigrationTimeout { get; init; } = QuicDefaults.MigrationTimeout;

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Asked for each new connection before any work is spent on its handshake; <see langword="false"/> refuses it with CONNECTION_REFUSED
    /// (RFC 9000, section 20.1). It is called on the engine's own thread: it must be quick and must not wait. All are let in without it.
    /// </summary>
    public Func<bool>? Admit { get; init; }

    /// <summary>Where what is rejected is counted. The engine <see cref="QuicEngineKind.System"/> counts nothing.</summary>
    public Rejections Rejections { get; init; } = new();

    /// <summary>
    /// When clients prove their address before their handshake begins. The engine of System.Net.Quic decides by itself, and takes nothing but the default.
    /// </summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.UnderLoad;

    /// <summary>How many bidirectional streams a client may have open: its control stream and a stream a room.</summary>
    public int MaxBidirectionalStreams { get; init; } = 128;

    /// <summary>How many unidirectional streams a client may have open; none by default, and one that is opened all the same ends its connection.</summary>
    public int MaxUnidirectionalStreams { get; init; }

    /// <summary>Unread bytes a stream may hold before its sender is stopped by flow control.</summary>
    public int StreamReceiveWindow { get; init; } = 256 * 1024;

    /// <summary>Unread bytes a connection may hold over all its streams.</summary>
    public int ConnectionReceiveWindow { get; init; } = 1024 * 1024;
}
