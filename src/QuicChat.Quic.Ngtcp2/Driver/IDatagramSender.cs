using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Sends what connections have to send.</summary>
internal interface IDatagramSender
{
    /// <summary>Sends datagrams of one path, all of one size but for the last, which may be smaller.</summary>
    /// <returns>How many bytes the system took, of whole datagrams; if not all, <paramref name="sender"/> gets a turn when it takes the next.</returns>
    int Send(ReadOnlySpan<byte> datagrams, int size, in FourTuple path, Ecn ecn, ConnectionDriver sender);
}
