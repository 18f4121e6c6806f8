using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>What the connections of one end point have in common.</summary>
internal sealed record ConnectionSettings
{
    public required CredentialsHandle Credentials { get; init; }

    /// <summary>
    /// Whether a server's <see cref="Credentials"/> are empty, and each connection asks for its own by
    /// <see cref="ConnectionEvent.ClientGreeted"/>.
    /// </summary>
    public bool AsksForCredentials { get; init; }

    /// <summary>The protocol that both sides must agree on; empty, none is offered and none is asked for, which only tests want.</summary>
    public required byte[] ApplicationProtocol { get; init; }

    public required TimeSpan IdleTimeout { get; init; }

    public required TimeSpan HandshakeTimeout { get; init; }

    public required TimeSpan KeepAliveInterval { get; init; }

    public required TimeSpan MigrationTimeout { get; init; }

    public required int StreamReceiveWindow { get; init; }

    public required int ConnectionReceiveWindow { get; init; }

    /// <summary>How many bidirectional streams the peer may have open.</summary>
    public required int MaxBidirectionalStreams { get; init; }

    /// <summary>How many unidirectional streams the peer may have open; at 0, one that it opens all the same ends the connection.</summary>
    public int MaxUnidirectionalStreams { get; init; }

    /// <summary>The largest datagram sent and taken.</summary>
    public int MaxDatagramSize { get; init; } = ConnectionCore.MaxDatagramSize;

    public required PinnedBlockPool Pool { get; init; }

    /// <summary>How a client verifies the server; <see langword="null"/> for a server.</summary>
    public ServerTrust? Trust { get; init; }

    /// <summary>What a client keeps of the server; <see langword="null"/>, nothing.</summary>
    public ServerMemory? Memory { get; init; }

    /// <summary>Makes the tokens that a server gives its clients for their next connection; <see langword="null"/>, it gives none.</summary>
    public AddressTokens? Tokens { get; init; }

    /// <summary>
    /// The key of a server's TLS session tickets, <see cref="Gnutls.SessionTicketKeyLength"/> bytes, as it is now; <see langword="null"/>, the server gives none.
    /// </summary>
    public Func<ReadOnlyMemory<byte>>? TicketKey { get; init; }
}
