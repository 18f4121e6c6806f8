namespace QuicChat.Quic.Engines;

/// <summary>Why a datagram that arrived was not taken.</summary>
public enum RejectionReason
{
    /// <summary>It is not QUIC: empty, cut short, or a first packet in a datagram of less than 1,200 bytes (RFC 9000, section 14.1).</summary>
    Malformed,

    /// <summary>It is of a version of QUIC that is not spoken; a large one was answered with Version Negotiation (RFC 9000, section 6).</summary>
    Version,

    /// <summary>Its connection ID belongs to no connection: forged, or of a connection that has ended.</summary>
    UnknownConnection,

    /// <summary>It begins a connection, while as many handshakes are under way as may be.</summary>
    HandshakeLimit,

    /// <summary>It begins a connection that the application does not admit; it was answered with CONNECTION_REFUSED (RFC 9000, section 20.1).</summary>
    NotAdmitted,

    /// <summary>It begins a connection with a Retry's token that this server did not issue, not for this address, or too long ago (RFC 9000, section 8.1.2).</summary>
    InvalidToken,

    /// <summary>
    /// It begins a connection, brings no proof of its address, and one is needed first: as the listener is configured, or because it is a later part of a first flight than
    /// the first. It was answered with a Retry packet (RFC 9000, section 8.1.2), unless the listener sends none.
    /// </summary>
    Unproven,

    /// <summary>It came on a path that the connection's policy denies.</summary>
    DeniedPath,

    /// <summary>It came on one path more than a connection may have as candidates. It was taken; the oldest of them was given up for it.</summary>
    TooManyPaths,

    /// <summary>
    /// It is genuine, but came on another path than the client's and is not its newest: replayed from elsewhere, or late by a path that the client has left. It changed
    /// nothing about the path; what QUIC had not received before was taken.
    /// </summary>
    Replayed,

    /// <summary>
    /// Nothing in it decrypted, though its connection is known: forged, altered, a replayed part of a handshake, or the last of one that has been completed meanwhile. Or it
    /// was to begin a connection, and nothing in it decrypted, or nothing that begins one.
    /// </summary>
    Undecryptable,

    /// <summary>It is of a connection of this server's former life; it was answered with a stateless reset (RFC 9000, section 10.3).</summary>
    FormerLife,

    /// <summary>Likewise, but so many stateless resets were sent that it was not answered.</summary>
    ResetLimit,

    /// <summary>It came over the link between servers and is not genuine, of a server that is not known, or for no connection of this one.</summary>
    Link,
}
