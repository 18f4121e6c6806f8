using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

public abstract class AdmissionTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : AdmissionTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : AdmissionTests(TestEngine.System);

    [Fact]
    public async Task A_connection_that_is_not_admitted_is_refused_at_once_and_leaves_nothing_behind()
    {
        var admits = 1;
        await using var server = await EchoServer.StartAsync(Engine, configure: options => new QuicListenerOptions
        {
            Certificate = options.Certificate,
            Admit = () => Interlocked.Decrement(ref admits) >= 0,
        });
        await using var neighbour = await Engine.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        Assert.Equal("before", await stream.EchoAsync("before"));
        var held = TestEngine.Held(server.Listener);

        for (var i = 0; i < 20; i++)
        {
            var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(server.EndPoint));

            Assert.Equal((ConnectionCloseOrigin.Peer, Engine.RefusalCode), (refused.Closure.Origin, refused.Closure.TransportErrorCode));
        }

        // The neighbour's own block may be given back meanwhile.
        Assert.InRange(TestEngine.Held(server.Listener), 1, held);
        Assert.Equal("after", await stream.EchoAsync("after"));

        Volatile.Write(ref admits, 1);
        await using var admitted = await Engine.ConnectAsync(server.EndPoint);
    }

    [Fact]
    public async Task A_server_of_a_pool_takes_no_connections_before_it_knows_the_pool()
    {
        var pool = new ServerPool(new IPEndPoint(IPAddress.Loopback, 0));
        await using var server = await EchoServer.StartAsync(
            Engine, configure: options => new QuicListenerOptions { Certificate = options.Certificate, Pool = pool });

        var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(server.EndPoint));
        Assert.Equal((ConnectionCloseOrigin.Peer, Engine.RefusalCode), (refused.Closure.Origin, refused.Closure.TransportErrorCode));

        var secret = new PoolSecret(3, RandomNumberGenerator.GetBytes(PoolSecret.MinLength));
        pool.View = new PoolView(7, [secret], ImmutableDictionary<uint, IPEndPoint>.Empty);
        await using var connection = await Engine.ConnectAsync(server.EndPoint);
        Assert.Equal(7u, (await server.NextConnectionAsync()).Feature<IConnectionPathFeature>().ConnectionId.ServerId);
    }

    [Fact]
    public async Task An_admission_that_throws_costs_one_client_and_not_the_server()
    {
        var isBroken = true;
        await using var server = await EchoServer.StartAsync(Engine, configure: options => new QuicListenerOptions
        {
            Certificate = options.Certificate,
            Admit = () => Volatile.Read(ref isBroken) ? throw new InvalidOperationException("broken") : true,
        });
        var options = new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromMilliseconds(300) };
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(server.EndPoint, options));

        Volatile.Write(ref isBroken, false);
        await using var connection = await Engine.ConnectAsync(server.EndPoint);
    }
}
