namespace QuicChat.Quic.Engines;

/// <summary>Which QUIC implementation carries connections.</summary>
public enum QuicEngineKind
{
    /// <summary>ngtcp2 if its libraries load, else the next one that is supported.</summary>
    Auto,

    /// <summary>libngtcp2 with GnuTLS: exact path events; Linux.</summary>
    Ngtcp2,

    /// <summary>System.Net.Quic (MsQuic): path changes are seen, their validation is inferred.</summary>
    System,
}
