namespace QuicChat.Quic.Simulation;

/// <summary>When a copy from a foreign address leaves, as seen from the datagram that is copied.</summary>
public enum CopyOrder
{
    /// <summary>The copy reaches the server first and is the authenticated packet there; the original is then a duplicate.</summary>
    CopyFirst,

    /// <summary>The original reaches the server first; the copy is then a duplicate.</summary>
    CopyAfter,
}
