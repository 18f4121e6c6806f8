using System.Security.Cryptography;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Clients prove their address before a server keeps anything for them (RFC 9000, section 8.1.2).</summary>
public sealed class RetryTests
{
    [Theory]
    [InlineData(RetryPolicy.Always, 1)]
    [InlineData(RetryPolicy.UnderLoad, 0)]
    [InlineData(RetryPolicy.Never, 0)]
    public async Task A_client_follows_a_Retry(RetryPolicy policy, int expected)
    {
        await using var server = await StartAsync(policy);
        await using var tap = new WireTap(server.EndPoint);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(tap.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));
        Assert.Equal(expected, tap.Retries);
    }

    [Fact]
    public async Task Nothing_is_kept_for_who_does_not_follow_a_Retry()
    {
        await using var server = await StartAsync(RetryPolicy.Always);
        await FloodAsync(server, 20);
        Assert.Equal(0, server.Listener.Ngtcp2().ConnectionIds);
    }

    [Fact]
    public async Task A_forged_address_is_sent_less_than_it_costs()
    {
        await using var server = await StartAsync(RetryPolicy.Always);
        using var peer = new RawUdp();
        var first = FirstDatagram();
        peer.Send(first, server.EndPoint);
        var (answer, _) = await peer.ReceiveAsync("a Retry");
        Assert.True(Datagrams.IsRetry(answer));
        Assert.True(answer.Length < 250, $"The Retry has {answer.Length} bytes.");
    }

    [Fact]
    public async Task Many_handshakes_under_way_have_the_next_clients_prove_their_address_and_serve_them()
    {
        await using var server = await StartAsync(RetryPolicy.UnderLoad);
        await FloodAsync(server, 300);

        // Nine IDs each: the client's choice, and those that the server gives it.
        Assert.Equal(9 * 256, server.Listener.Ngtcp2().ConnectionIds);

        await using var tap = new WireTap(server.EndPoint);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(tap.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));
        Assert.Equal(1, tap.Retries);
    }

    [Fact]
    public async Task Clients_that_have_not_proven_their_address_use_up_nothing_of_what_the_application_lets_in()
    {
        var asked = 0;
        await using var server = await StartAsync(RetryPolicy.Always, () => Interlocked.Increment(ref asked) == 1);
        await FloodAsync(server, 10);
        Assert.Equal(0, asked);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        Assert.Equal(1, asked);
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => TestEngine.Ngtcp2.ConnectAsync(server.EndPoint));
        Assert.Equal(2ul, error.Closure.TransportErrorCode);
    }

    [Fact]
    public async Task Forged_first_packets_that_end_at_once_use_up_little_of_what_the_application_lets_in_and_are_counted()
    {
        const int Forged = 2000;
        var (asked, rejections) = (0, new Rejections());
        await using var server = await StartAsync(RetryPolicy.UnderLoad, () => Interlocked.Increment(ref asked) <= 500, rejections);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var between = await neighbour.OpenStreamAsync();
        using var peer = new RawUdp();
        var forged = FirstDatagram();
        for (var i = 1; i <= Forged; i++)
        {
            // The keys derive from the destination ID, so nothing in it decrypts.
            RandomNumberGenerator.Fill(forged.AsSpan(6, forged[5]));
            peer.Send(forged, server.EndPoint);
            if (i % 50 == 0)
            {
                await between.EchoAsync("between");
            }
        }

        Assert.Equal(Forged, rejections[RejectionReason.Undecryptable] + rejections[RejectionReason.Unproven]);
        Assert.InRange(rejections[RejectionReason.Unproven], 1000, Forged);
        Assert.InRange(asked, 1, 500);
        await using var tap = new WireTap(server.EndPoint);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(tap.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));
        Assert.Equal(1, tap.Retries);
    }

    [Fact]
    public async Task A_first_packet_that_begins_nothing_is_counted()
    {
        var rejections = new Rejections();
        await using var server = await StartAsync(RetryPolicy.UnderLoad, rejections: rejections);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        using var keys = new SealedInitial([1, 2, 3, 4, 5, 6, 7, 8]);
        using var peer = new RawUdp();

        // A PING and padding (RFC 9000, section 19).
        peer.Send(keys.Seal([9], 0, [1, .. new byte[1200]]), server.EndPoint);
        await stream.EchoAsync("after");
        Assert.Equal(1, rejections[RejectionReason.Undecryptable]);
    }

    [Theory]
    [InlineData(RetryPolicy.UnderLoad)]
    [InlineData(RetryPolicy.Never)]
    public async Task A_large_first_flight_whose_second_datagram_comes_first_is_answered_with_a_Retry(RetryPolicy policy)
    {
        var rejections = new Rejections();
        await using var server = await StartAsync(policy, rejections: rejections);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        var flight = FirstFlight(core => core.EnlargeClientHello());
        Assert.Equal(2, flight.Count);
        using var peer = new RawUdp();

        peer.Send(flight[1], server.EndPoint);
        await stream.EchoAsync("after");
        Assert.Equal(1, rejections[RejectionReason.Unproven]);

        // Without a Retry, the first answer is to the first datagram.
        peer.Send(flight[0], server.EndPoint);
        var (answer, _) = await peer.ReceiveAsync("an answer");
        Assert.Equal(policy != RetryPolicy.Never, Datagrams.IsRetry(answer));
        Assert.Equal(Datagrams.ReadLongHeader(flight[1]).Scid, Datagrams.ReadLongHeader(answer).Dcid);
    }

    [Fact]
    public void System_Net_Quic_refuses_what_it_does_not_offer()
    {
        TestEngine.System.Require();
        var error = Assert.Throws<ArgumentException>(() => QuicEngine.CreateListenerFactory(
            QuicEngineKind.System, new QuicListenerOptions { Certificate = EchoServer.Certificate, Retry = RetryPolicy.Always }));
        Assert.Contains("ngtcp2", error.Message, StringComparison.Ordinal);
    }

    private static Task<EchoServer> StartAsync(RetryPolicy policy, Func<bool>? admit = null, Rejections? rejections = null)
        => EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions
        {
            Certificate = EchoServer.Certificate,
            Retry = policy,
            Admit = admit,
            Rejections = rejections ?? new Rejections(),
        });

    // First datagrams of as many clients, each of which is answered.
    private static async Task FloodAsync(EchoServer server, int count)
    {
        using var peer = new RawUdp();
        for (var i = 0; i < count; i++)
        {
            var first = FirstDatagram();
            var own = Datagrams.ReadLongHeader(first).Scid;
            peer.Send(first, server.EndPoint);
            byte[] answer;
            do
            {
                (answer, _) = await peer.ReceiveAsync($"the answer to client {i}");
            }
            while ((answer[0] & 0x80) == 0 || !Datagrams.ReadLongHeader(answer).Dcid.AsSpan().SequenceEqual(own));
        }
    }

    private static byte[] FirstDatagram() => FirstFlight(_ => { })[0];

    private static List<byte[]> FirstFlight(Action<ConnectionCore> prepare)
    {
        List<byte[]> flight = [];
        using var link = new CoreLink();
        prepare(link.Client.Core);
        link.Wire = (_, datagram) =>
        {
            flight.Add(datagram);
            return [];
        };
        link.RunFor(TimeSpan.Zero);
        return flight;
    }
}
