using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>How connections end, and what each side learns of it.</summary>
public abstract class ConnectionCloseTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : ConnectionCloseTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : ConnectionCloseTests(TestEngine.System);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Both_sides_learn_who_closed_with_what_code_and_words(bool byServer)
    {
        await using var link = await Link.OpenAsync(Engine);
        var (closer, other) = byServer ? (link.Server, link.Client) : (link.Client, link.Server);

        closer.Feature<IConnectionCloseFeature>().Close(8, "kicked out: ü");
        closer.Feature<IConnectionCloseFeature>().Close(9, "too late");

        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Local, 8, null, "kicked out: ü"),
            await closer.Feature<IConnectionCloseFeature>().Closed.Within("this side to end"));
        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Peer, 8, null, Engine.Words("kicked out: ü")),
            await other.Feature<IConnectionCloseFeature>().Closed.Within("the other side to end"));
        Assert.Equal(8, other.Feature<IProtocolErrorCodeFeature>().Error);
        await other.ConnectionClosed.AsTask().Within("the token of the other side");
        Assert.Null(await other.AcceptAsync());
    }

    [Fact]
    public async Task A_close_without_words_or_code_is_one_too()
    {
        await using var link = await Link.OpenAsync(Engine);
        await link.Client.DisposeAsync();
        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Peer, 0, null, ""),
            await link.Server.Feature<IConnectionCloseFeature>().Closed.Within("the server's side to end"));
    }

    [Fact]
    public async Task Abort_takes_the_code_that_was_set()
    {
        await using var link = await Link.OpenAsync(Engine);
        link.Server.Feature<IProtocolErrorCodeFeature>().Error = 3;
        link.Server.Abort(new ConnectionAbortedException("token expired"));
        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Peer, 3, null, Engine.Words("token expired")),
            await link.Client.Feature<IConnectionCloseFeature>().Closed.Within("the client's side to end"));
    }

    [Fact]
    public async Task A_code_that_does_not_fit_the_wire_is_refused()
    {
        await using var link = await Link.OpenAsync(Engine);
        var close = link.Client.Feature<IConnectionCloseFeature>();
        Assert.Throws<ArgumentOutOfRangeException>(() => close.Close(1UL << 62, ""));
        Assert.Throws<ArgumentNullException>(() => close.Close(0, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => link.Client.Feature<IProtocolErrorCodeFeature>().Error = -2);
        Assert.Throws<ArgumentOutOfRangeException>(() => link.Client.Feature<IProtocolErrorCodeFeature>().Error = long.MaxValue);
        close.Close((1UL << 62) - 1, "");
        var closure = await link.Server.Feature<IConnectionCloseFeature>().Closed.Within("the server's side to end");
        Assert.Equal((1UL << 62) - 1, closure.ApplicationErrorCode);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(200_000)]
    public async Task What_was_flushed_right_before_a_close_arrives(int length)
    {
        Assert.SkipUnless(Engine.ClosesWithCare, "System.Net.Quic drops what it has not sent when it closes a connection.");
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var sent = new byte[length];
        new Random(1).NextBytes(sent);

        await client.Transport.Output.WriteAsync(sent);
        link.Client.Feature<IConnectionCloseFeature>().Close(7, "going away");

        // The close arrives too; what came before it can still be read, then reading says why there is no more.
        await link.Server.Feature<IConnectionCloseFeature>().Closed.Within("the close");
        Assert.Equal(sent, await server.ReadExactlyAsync(length));
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => server.Transport.Input.ReadAsync().AsTask().Within("the end"));
        Assert.Equal(7ul, error.Closure.ApplicationErrorCode);
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => server.Transport.Output.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task A_stream_that_ended_before_a_close_ends_in_order()
    {
        Assert.SkipUnless(Engine.ClosesWithCare, "System.Net.Quic drops what it has not sent when it closes a connection.");
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync("all"u8.ToArray());
        await client.Transport.Output.CompleteAsync();
        await link.Client.DisposeAsync();
        await link.Server.Feature<IConnectionCloseFeature>().Closed.Within("the close");
        Assert.Equal("all"u8.ToArray(), await server.ReadToEndAsync());
    }

    [Fact]
    public async Task Readers_and_writers_that_wait_end_with_the_connection_on_both_sides()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var (silentClient, silentServer) = await link.OpenStreamAsync();
        Task[] waiting =
        [
            silentClient.Transport.Input.ReadAsync().AsTask(),
            silentServer.Transport.Input.ReadAsync().AsTask(),
            client.Transport.Output.WriteAsync(new byte[2 * 1024 * 1024]).AsTask(),
            server.Transport.Output.WriteAsync(new byte[2 * 1024 * 1024]).AsTask(),
            link.Server.ConnectAsync().AsTask(),
        ];

        link.Client.Feature<IConnectionCloseFeature>().Close(1, "");

        foreach (var task in waiting)
        {
            await Assert.ThrowsAsync<QuicConnectionClosedException>(() => task.Within("a waiting call to end"));
        }
    }

    [Fact]
    public async Task A_connection_can_be_disposed_of_twice_and_closed_afterwards()
    {
        await using var link = await Link.OpenAsync(Engine);
        await link.Client.DisposeAsync();
        await link.Client.DisposeAsync();
        link.Client.Feature<IConnectionCloseFeature>().Close(1, "");
        link.Client.Abort();
        Assert.Equal(0ul, (await link.Client.Feature<IConnectionCloseFeature>().Closed).ApplicationErrorCode);
    }

    [Fact]
    public async Task A_listeners_end_closes_its_connections()
    {
        await using var link = await Link.OpenAsync(Engine);
        await link.Listener.DisposeAsync();
        var closure = await link.Client.Feature<IConnectionCloseFeature>().Closed.Within("the client's side to end");
        Assert.Equal(ConnectionCloseOrigin.Peer, closure.Origin);
        Assert.Equal(ConnectionCloseOrigin.Local, (await link.Server.Feature<IConnectionCloseFeature>().Closed).Origin);
    }

    [Fact]
    public async Task A_listener_that_is_unbound_refuses_new_connections_and_serves_those_it_has()
    {
        await using var link = await Link.OpenAsync(Engine);
        var accepting = link.Listener.AcceptAsync().AsTask();

        await link.Listener.UnbindAsync();

        Assert.Null(await accepting.Within("accepting to end"));
        Assert.Null(await link.Listener.AcceptAsync());
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(link.Listener.Loopback()));
        Assert.Equal((ConnectionCloseOrigin.Peer, Engine.RefusalCode), (error.Closure.Origin, error.Closure.TransportErrorCode));
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync("still"u8.ToArray());
        Assert.Equal("still"u8.ToArray(), await server.ReadExactlyAsync(5));
    }

    [Fact]
    public async Task A_listener_can_be_disposed_of_while_handshakes_are_under_way_and_nothing_was_accepted()
    {
        var listener = await Engine.BindAsync();
        var options = new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromSeconds(2) };
        var clients = Enumerable.Range(0, 20).Select(_ => Engine.ConnectAsync(listener.Loopback(), options)).ToArray();
        await Task.WhenAny(clients).Within("a first client");
        await using (var stream = await (await await Task.WhenAny(clients)).OpenStreamAsync())
        {
            await stream.Transport.Output.WriteAsync(new byte[1000]);
        }

        await listener.DisposeAsync();

        foreach (var client in clients)
        {
            try
            {
                await using var connection = await client;
                await connection.Feature<IConnectionCloseFeature>().Closed.Within("a client's end");
            }
            catch (QuicConnectionClosedException)
            {
                // Its handshake was not over yet.
            }
        }

        await TestEngine.WhenEmptyAsync(listener);
    }

    [Fact]
    public async Task Streams_that_nobody_accepted_leave_no_memory_behind()
    {
        await using var link = await Link.OpenAsync(Engine);
        for (var i = 0; i < 10; i++)
        {
            var stream = await link.Client.OpenStreamAsync();
            await stream.Transport.Output.WriteAsync(new byte[20_000]);
        }

        await link.Client.DisposeAsync();
        await link.Server.DisposeAsync();

        await TestEngine.WhenEmptyAsync(link.Listener);
    }
}
