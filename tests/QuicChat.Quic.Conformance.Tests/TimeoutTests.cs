using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Silence, on real clocks. A second connection whose end is awaited tells that time has passed.</summary>
public abstract class TimeoutTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : TimeoutTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : TimeoutTests(TestEngine.System);

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_idle_connection_ends_on_both_sides(bool byServersOption)
    {
        await using var link = await Link.OpenAsync(
            Engine,
            byServersOption ? new QuicListenerOptions { Certificate = EchoServer.Certificate, IdleTimeout = Idle } : null,
            byServersOption ? null : Client(Timeout.InfiniteTimeSpan));
        foreach (var side in (Microsoft.AspNetCore.Connections.MultiplexedConnectionContext[])[link.Client, link.Server])
        {
            var closure = await side.Feature<IConnectionCloseFeature>().Closed.Within("the idle time-out");
            Assert.Equal(new ConnectionClosure(ConnectionCloseOrigin.IdleTimeout, null, null, ""), closure);
        }

        await TestEngine.WhenEmptyAsync(link.Listener);
    }

    [Fact]
    public async Task Keep_alive_holds_an_idle_connection_open()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        await using var kept = await Engine.ConnectAsync(server.EndPoint, Client(Often));
        await using var clock = await Engine.ConnectAsync(server.EndPoint, Client(Timeout.InfiniteTimeSpan));
        await clock.Feature<IConnectionCloseFeature>().Closed.Within("the one without keep-alive to end");
        await using var stream = await kept.OpenStreamAsync();
        Assert.Equal("alive", await stream.EchoAsync("alive"));
    }

    [Fact]
    public async Task Keep_alive_can_be_changed_at_any_time()
    {
        Assert.SkipUnless(Engine.ChangesKeepAlive, "System.Net.Quic takes the interval once, when a connection is made.");
        await using var server = await EchoServer.StartAsync(Engine);
        await using var kept = await Engine.ConnectAsync(server.EndPoint, Client(Often));
        await using var started = await Engine.ConnectAsync(server.EndPoint, Client(Timeout.InfiniteTimeSpan));
        await using var stopped = await Engine.ConnectAsync(server.EndPoint, Client(Often));
        started.Feature<IConnectionKeepAliveFeature>().KeepAliveInterval = Often;
        stopped.Feature<IConnectionKeepAliveFeature>().KeepAliveInterval = Timeout.InfiniteTimeSpan;

        var closure = await stopped.Feature<IConnectionCloseFeature>().Closed.Within("the one without keep-alive to end");
        Assert.Equal(ConnectionCloseOrigin.IdleTimeout, closure.Origin);
        await using var clock = await Engine.ConnectAsync(server.EndPoint, Client(Timeout.InfiniteTimeSpan));
        await clock.Feature<IConnectionCloseFeature>().Closed.Within("another one to end");

        foreach (var connection in (Microsoft.AspNetCore.Connections.MultiplexedConnectionContext[])[kept, started])
        {
            await using var stream = await connection.OpenStreamAsync();
            Assert.Equal("alive", await stream.EchoAsync("alive"));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => kept.Feature<IConnectionKeepAliveFeature>().KeepAliveInterval = TimeSpan.Zero);
    }

    [Fact]
    public async Task A_handshake_with_a_port_where_nobody_answers_ends_at_its_time_out()
    {
        using var silent = new RawUdp();
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(
            silent.EndPoint, new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromMilliseconds(200) }));
        Assert.Equal(ConnectionCloseOrigin.HandshakeTimeout, error.Closure.Origin);
        Assert.Contains("no server may be listening", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_with_a_port_that_nobody_has_ends_at_its_time_out()
    {
        System.Net.IPEndPoint nobody;
        using (var gone = new RawUdp())
        {
            nobody = gone.EndPoint;
        }

        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(
            nobody, new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromMilliseconds(200) }));
        Assert.Equal(ConnectionCloseOrigin.HandshakeTimeout, error.Closure.Origin);
    }

    [Fact]
    public async Task Connecting_can_be_cancelled()
    {
        using var silent = new RawUdp();
        using var cancellation = new CancellationTokenSource();
        var factory = QuicEngine.CreateConnectionFactory(Engine.Kind, Clients.Options);
        var connecting = factory.ConnectAsync(silent.EndPoint, null, cancellation.Token).AsTask();
        await silent.ReceiveAsync("the client's first packet");

        await cancellation.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Within("the cancellation"));
        Assert.Equal(cancellation.Token, error.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => factory.ConnectAsync(silent.EndPoint, null, cancellation.Token).AsTask());
    }

    private static QuicClientOptions Client(TimeSpan keepAlive) => new() { Trust = Clients.Trust, IdleTimeout = Idle, KeepAliveInterval = keepAlive };
}
