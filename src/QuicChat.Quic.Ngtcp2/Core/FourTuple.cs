using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>Both ends of a path: where a datagram arrived and where it came from.</summary>
/// <param name="Local">This end; the address of the server that it arrived at.</param>
/// <param name="Remote">The other end.</param>
/// <param name="Ingress">The server of the pool that it arrived at; 0, this one.</param>
internal readonly record struct FourTuple(UdpAddress Local, UdpAddress Remote, uint Ingress = 0)
{
    /// <summary>Whether the peer is at the same place, and reached by the same server. Its end of this machine's does not matter.</summary>
    public bool IsSamePeer(in FourTuple other) => Remote == other.Remote && Ingress == other.Ingress;

    public NetworkPath ToPath() => new(Local.ToEndPoint(), Remote.ToEndPoint()) { Ingress = Ingress == 0 ? null : Ingress };
}
