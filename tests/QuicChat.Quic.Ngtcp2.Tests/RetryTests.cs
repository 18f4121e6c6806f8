using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
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
    public void System_Net_Quic_refuses_what_it_does_not_offer()
    {
        TestEngine.System.Require();
        var error = Assert.Throws<ArgumentException>(() => QuicEngine.CreateListenerFactory(
            QuicEngineKind.System, new QuicListenerOptions { Certificate = EchoServer.Certificate, Retry = RetryPolicy.Always }));
        Assert.Contains("ngtcp2", error.Message, StringComparison.Ordinal);
    }

    private static Task<EchoServer> StartAsync(RetryPolicy policy, Func<bool>? admit = null)
        => EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions { Certificate = EchoServer.Certificate, Retry = policy, Admit = admit });

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

    private static byte[] FirstDatagram()
    {
        byte[]? first = null;
        using var link = new CoreLink();
        link.Wire = (_, datagram) =>
        {
            first ??= datagram;
            return [];
        };
        link.RunFor(TimeSpan.Zero);
        return first!;
    }
}
