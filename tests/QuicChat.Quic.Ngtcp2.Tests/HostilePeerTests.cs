using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;
using Native = QuicChat.Quic.Ngtcp2.Interop.Ngtcp2;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>A peer that breaks the protocol ends its own connection and no other.</summary>
public sealed class HostilePeerTests
{
    private const ulong UnexpectedMessage = 0x10a;
    private static readonly byte[] KeyUpdate = [0x18, 0, 0, 1, 0];

    [Fact]
    public async Task A_client_that_sends_a_TLS_KeyUpdate_ends_its_connection_alone()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        await server.NextConnectionAsync();
        await using var hostile = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var hostileStream = await hostile.OpenStreamAsync();
        await hostileStream.EchoAsync("so far so good");
        var accepted = await server.NextConnectionAsync();

        SendCrypto(hostile, KeyUpdate);

        var closure = await accepted.Feature<IConnectionCloseFeature>().Closed.Within("the server to close");
        Assert.Equal((ConnectionCloseOrigin.Local, (ulong?)UnexpectedMessage), (closure.Origin, closure.TransportErrorCode));
        closure = await hostile.Feature<IConnectionCloseFeature>().Closed.Within("the client to hear of it");
        Assert.Equal((ConnectionCloseOrigin.Peer, (ulong?)UnexpectedMessage), (closure.Origin, closure.TransportErrorCode));
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task A_server_that_sends_a_TLS_KeyUpdate_ends_its_connection_alone()
    {
        await using var good = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var hostile = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(good.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        await using var victim = await TestEngine.Ngtcp2.ConnectAsync(hostile.EndPoint);

        SendCrypto(await hostile.NextConnectionAsync(), KeyUpdate);

        var closure = await victim.Feature<IConnectionCloseFeature>().Closed.Within("the client to close");
        Assert.Equal((ConnectionCloseOrigin.Local, (ulong?)UnexpectedMessage), (closure.Origin, closure.TransportErrorCode));
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task A_server_cannot_open_streams_that_the_client_does_not_allow()
    {
        await using var link = await Link.OpenAsync(TestEngine.Ngtcp2);
        using var cancellation = new CancellationTokenSource();
        var opening = link.Server.ConnectAsync(null, cancellation.Token).AsTask();
        var (client, server) = await link.OpenStreamAsync();
        await server.Transport.Output.WriteAsync(new byte[1]);
        await client.ReadExactlyAsync(1);
        Assert.False(opening.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Within("the cancellation"));
    }

    [Fact]
    public async Task Half_open_handshakes_end_at_their_time_out_and_leave_nothing()
    {
        const int Count = 300;
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions
        {
            Certificate = EchoServer.Certificate,
            HandshakeTimeout = TimeSpan.FromSeconds(1),
            Retry = RetryPolicy.Never,
        });
        var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        var ids = server.Listener.Ngtcp2().ConnectionIds;
        using (var peer = new RawUdp())
        {
            for (var i = 0; i < Count; i++)
            {
                using var link = new CoreLink();
                link.Wire = (toServer, datagram) =>
                {
                    peer.Send(datagram, server.EndPoint);
                    return [];
                };
                link.RunFor(TimeSpan.Zero);
                if (i % 50 == 0)
                {
                    await stream.EchoAsync("between");
                }
            }

            await stream.EchoAsync("after all came");
            Assert.True(server.Listener.Ngtcp2().ConnectionIds >= ids + Count, "The handshakes were not begun.");
        }

        await stream.DisposeAsync();
        await neighbour.DisposeAsync();
        await server.Listener.Ngtcp2().WhenEmptyAsync().Within("the handshake time-outs");
        Assert.Equal(0, server.Listener.Ngtcp2().ConnectionIds);
        Assert.Equal(0, server.Listener.Ngtcp2().RentedBlocks);
    }

    private static void SendCrypto(MultiplexedConnectionContext connection, byte[] bytes)
    {
        var core = connection.Core();
        core.Request(() => core.SendCrypto(Native.EncryptionLevel1Rtt, bytes));
    }
}
