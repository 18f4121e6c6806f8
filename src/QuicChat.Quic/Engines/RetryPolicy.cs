namespace QuicChat.Quic.Engines;

/// <summary>
/// When a server has a client prove its address before anything is kept for it, by a Retry packet (RFC 9000, section 8.1.2). It costs the client one round trip;
/// one that brings a token of an earlier connection (section 8.1.3) is spared it.
/// </summary>
public enum RetryPolicy
{
    /// <summary>While so many handshakes are under way, or have just failed, that forged addresses may be among them.</summary>
    UnderLoad,

    /// <summary>From every client.</summary>
    Always,

    /// <summary>From none.</summary>
    Never,
}
