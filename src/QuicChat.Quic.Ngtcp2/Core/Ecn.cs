namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>The codepoints of Explicit Congestion Notification in an IP header (RFC 3168, section 5), by which routers tell of congestion before they lose packets.</summary>
internal enum Ecn : byte
{
    /// <summary>Nothing can be told.</summary>
    NotCapable = 0,

    /// <summary>Both ends take part: ECT(1).</summary>
    Capable1 = 1,

    /// <summary>Both ends take part: ECT(0), which QUIC sends.</summary>
    Capable0 = 2,

    /// <summary>A router has met congestion.</summary>
    CongestionExperienced = 3,
}
