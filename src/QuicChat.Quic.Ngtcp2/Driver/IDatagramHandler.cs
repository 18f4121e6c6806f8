using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Takes what arrives on a socket.</summary>
internal interface IDatagramHandler
{
    void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now);
}
