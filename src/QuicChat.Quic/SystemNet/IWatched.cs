using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>A connection that must be looked at to see that its peer has moved.</summary>
internal interface IWatched
{
    /// <summary>Looks where the peer is.</summary>
    void Look(Instant now);
}
