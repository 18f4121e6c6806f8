namespace QuicChat.Quic.Paths;

/// <summary>What an engine can truthfully say of paths.</summary>
[Flags]
public enum PathCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It reports each change of the peer's end point.</summary>
    Detection = 1,

    /// <summary>It reports the end of path validation (RFC 9000, section 8.2), not an inference from application traffic.</summary>
    ExactValidation = 2,

    /// <summary>It reports that a path validation failed.</summary>
    ValidationFailure = 4,

    /// <summary>Its client can move to another local address (active migration, RFC 9000, section 9.2).</summary>
    ActiveMigration = 8,

    /// <summary>
    /// It drops datagrams of paths that <see cref="IConnectionPathFeature.Judge"/> denies, so that the peer never gets there. Without it
    /// <see cref="PathEvent.Denied"/> tells that the peer <em>is</em> there, and whoever reads it must close the connection.
    /// </summary>
    Refusal = 16,
}
