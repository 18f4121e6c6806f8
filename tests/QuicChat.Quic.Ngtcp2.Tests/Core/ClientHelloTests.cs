using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A ClientHello that does not fit into one datagram, as those with post-quantum key shares do not.</summary>
public sealed class ClientHelloTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_ClientHello_over_two_datagrams_is_understood_in_either_order(bool swapped)
    {
        List<byte[]> held = [];
        var initials = 0;
        using var link = new CoreLink();
        link.Client.Core.EnlargeClientHello();
        link.Wire = (toServer, datagram) =>
        {
            if (!toServer || link.Client.Completed)
            {
                return [datagram];
            }

            // Only the first flight is swapped; what is sent again comes as it is.
            Assert.True(++initials > 2 || datagram.Length >= 1200);
            if (!swapped || initials > 2)
            {
                return [datagram];
            }

            held.Add(datagram);
            return initials == 2 ? [held[1], held[0]] : [];
        };

        link.RunUntil(() => link.Client.Completed && link.Server is { Completed: true }, "the handshake", TimeSpan.FromSeconds(5));
        Assert.True(initials >= 2, "The ClientHello fit into one datagram.");

        link.RunFor(TimeSpan.FromSeconds(1));
        CoreLink.Write(link.OpenStream(), "hello"u8);
        link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");

        // A connection that was begun with the second half alone leaves nothing.
        Assert.All(link.Earlier, earlier => Assert.True(earlier.Core.IsClosed));
        Assert.Equal(ConnectionIds(link), link.ServerIds);
    }

    [Fact]
    public void Half_a_ClientHello_does_not_keep_a_connection()
    {
        var first = true;
        using var link = new CoreLink();
        link.Client.Core.EnlargeClientHello();
        link.Wire = (toServer, datagram) => toServer && first && !(first = false) ? [datagram] : [];
        link.RunUntil(() => link.Server is not null, "the server to accept");
        link.RunUntil(() => link.Server!.Core.IsClosed, "the handshake time-out", TimeSpan.FromSeconds(11));
        Assert.Equal(0, link.ServerIds);
    }

    [Fact]
    public void A_ClientHello_without_transport_parameters_is_refused()
    {
        var sent = false;
        using var link = new CoreLink();
        link.Wire = (toServer, datagram) =>
        {
            if (!toServer)
            {
                return [datagram];
            }

            if (sent)
            {
                return [];
            }

            // Without them this library would abort the process.
            sent = true;
            var (_, dcid, scid, _) = Datagrams.ReadLongHeader(datagram);
            var payload = SealedInitial.Open(datagram);
            var extensions = payload.AsSpan(ExtensionsOffset(payload));
            extensions[extensions.IndexOf(TransportParametersType) + 1] ^= 0x40;
            using var keys = new SealedInitial(dcid);
            return [keys.Seal(scid, 0, payload)];
        };

        link.RunUntil(() => link.Client.Closure is not null && link.Server is { Closure: not null }, "both ends", TimeSpan.FromSeconds(5));

        // missing_extension (RFC 9001, section 8.2; RFC 8446, section 6).
        const ulong MissingExtension = 0x100 + 109;
        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Local, null, MissingExtension, "the peer sends no transport parameters"), link.Server!.Closure);
        Assert.Equal((ConnectionCloseOrigin.Peer, MissingExtension), (link.Client.Closure!.Origin, link.Client.Closure.TransportErrorCode));
    }

    // Behind the header of the CRYPTO frame and of the message, version and random, session ID, cipher suites, one of which has the number of that
    // extension, and compression methods (RFC 8446, section 4.1.2).
    private static int ExtensionsOffset(ReadOnlySpan<byte> payload)
    {
        var offset = 4 + 4 + 2 + 32;
        offset += 1 + payload[offset];
        offset += 2 + (payload[offset] << 8 | payload[offset + 1]);
        offset += 1 + payload[offset];
        return offset;
    }

    // quic_transport_parameters (RFC 9001, section 8.2).
    private static ReadOnlySpan<byte> TransportParametersType => [0x00, 0x39];

    // The client's first choice, and the eight that the client's limit allows the server to issue.
    private static int ConnectionIds(CoreLink link) => link.Server!.Core.IsClosed ? 0 : 9;
}
