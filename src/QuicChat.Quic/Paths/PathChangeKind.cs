namespace QuicChat.Quic.Paths;

/// <summary>What changed of the peer's end point.</summary>
public enum PathChangeKind
{
    /// <summary>Only the port: a NAT rebinding, or a client that bound a new socket on the same address.</summary>
    PortOnly,

    /// <summary>The address, within one address family.</summary>
    Address,

    /// <summary>The address family: IPv4 to IPv6 or back.</summary>
    Family,
}
