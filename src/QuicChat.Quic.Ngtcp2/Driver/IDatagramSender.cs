using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Sends what connections have to send.</summary>
internal interface IDatagramSender
{
    /// <summary>Sends a datagram on its path.</summary>
    /// <returns>Whether the system took it; if not, <paramref name="sender"/> gets a turn when it takes the next.</returns>
    bool TrySend(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, ConnectionDriver sender);
}
