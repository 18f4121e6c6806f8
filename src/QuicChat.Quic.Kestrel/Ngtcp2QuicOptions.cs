using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Kestrel;

/// <summary>How HTTP/3 connections are accepted. What belongs to HTTP is set where it always is, in <c>KestrelServerOptions</c>.</summary>
public sealed class Ngtcp2QuicOptions
{
    /// <summary>How many requests a client may have under way on a connection: 100, as for HTTP/2.</summary>
    public int MaxBidirectionalStreams { get; set; } = 100;

    /// <summary>
    /// How many unidirectional streams a client may have open: 10. HTTP/3 needs three (RFC 9114, section 6.2); a reserved type may come besides.
    /// </summary>
    public int MaxUnidirectionalStreams { get; set; } = 10;

    /// <summary>
    /// Silence after which a connection is given up: 3 min. Kestrel's own keep-alive time-out of 130 s, which says goodbye to clients without
    /// requests, comes first; this one is for those that have gone away during a request.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a handshake may take, the choice of the certificate included: 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a change of the client's path may stay unresolved: 30 s.</summary>
    public TimeSpan MigrationTimeout { get; set; } = QuicDefaults.MigrationTimeout;

    /// <summary>Unread bytes a request may hold before the client is stopped by flow control: 768 KiB, as for HTTP/2.</summary>
    public int StreamReceiveWindow { get; set; } = 768 * 1024;

    /// <summary>Unread bytes a connection may hold over all its requests: 1 MiB, as for HTTP/2.</summary>
    public int ConnectionReceiveWindow { get; set; } = 1024 * 1024;
}
