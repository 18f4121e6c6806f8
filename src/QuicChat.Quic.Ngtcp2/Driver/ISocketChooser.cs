using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Knows the sockets that a connection sends on.</summary>
internal interface ISocketChooser
{
    /// <summary>The socket of a path's local address.</summary>
    UdpSocket Choose(in FourTuple path);
}
