namespace QuicChat.Quic.Paths;

/// <summary>What changed of the peer's end point.</summary>
public enum PathChangeKind
{
    /// <summary>Only the port, or the server of a pool that it is reached by: a NAT rebinding, another route, or a client that bound a new socket.</summary>
    PortOnly,

    /// <summary>The address, within one address family.</summary>
    Address,

    /// <summary>The address family: IPv4 to IPv6 or back.</summary>
    Family,
}
