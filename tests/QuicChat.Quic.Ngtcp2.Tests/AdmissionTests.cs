using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

public sealed class AdmissionTests
{
    [Fact]
    public async Task A_connection_that_is_not_admitted_is_refused_at_once_and_leaves_nothing_behind()
    {
        var admits = 1;
        await using var server = await EchoServer.StartAsync(configure: options => new QuicListenerOptions
        {
            Certificate = options.Certificate,
            Admit = () => Interlocked.Decrement(ref admits) >= 0,
        });
        await using var neighbour = await Clients.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        Assert.Equal("before", await stream.EchoAsync("before"));
        var ids = server.Listener.ConnectionIds;
        var blocks = server.Listener.RentedBlocks;

        for (var i = 0; i < 20; i++)
        {
            var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Clients.ConnectAsync(server.EndPoint));

            // CONNECTION_REFUSED (RFC 9000, section 20.1).
            Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.Peer, null, 2, ""), refused.Closure);
        }

        // The neighbour's own block may be given back meanwhile.
        Assert.Equal(ids, server.Listener.ConnectionIds);
        Assert.InRange(server.Listener.RentedBlocks, 0, blocks);
        Assert.Equal("after", await stream.EchoAsync("after"));

        Volatile.Write(ref admits, 1);
        await using var admitted = await Clients.ConnectAsync(server.EndPoint);
    }

    [Fact]
    public async Task An_admission_that_throws_costs_one_client_and_not_the_server()
    {
        var isBroken = true;
        await using var server = await EchoServer.StartAsync(configure: options => new QuicListenerOptions
        {
            Certificate = options.Certificate,
            Admit = () => Volatile.Read(ref isBroken) ? throw new InvalidOperationException("broken") : true,
        });
        var options = new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromMilliseconds(300) };
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Clients.ConnectAsync(server.EndPoint, options));

        Volatile.Write(ref isBroken, false);
        await using var connection = await Clients.ConnectAsync(server.EndPoint);
    }
}
