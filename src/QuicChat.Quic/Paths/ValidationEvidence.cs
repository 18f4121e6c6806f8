namespace QuicChat.Quic.Paths;

/// <summary>How an engine knows that a path works.</summary>
public enum ValidationEvidence
{
    /// <summary>Path validation by PATH_CHALLENGE and PATH_RESPONSE (RFC 9000, section 8.2).</summary>
    Exact,

    /// <summary>An application round trip succeeded after the change.</summary>
    Inferred,
}
