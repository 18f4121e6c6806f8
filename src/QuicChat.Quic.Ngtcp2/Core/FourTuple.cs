using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>Both ends of a path: where a datagram arrived and where it came from.</summary>
internal readonly record struct FourTuple(UdpAddress Local, UdpAddress Remote)
{
    public NetworkPath ToPath() => new(Local.ToEndPoint(), Remote.ToEndPoint());
}
