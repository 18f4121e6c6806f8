using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

public abstract class StreamTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : StreamTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : StreamTests(TestEngine.System);

    [Fact]
    public async Task An_echo_comes_back()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        await using var connection = await Engine.ConnectAsync(server.EndPoint);
        await using var stream = await connection.OpenStreamAsync();

        Assert.Equal("hello", await stream.EchoAsync("hello"));
        Assert.Equal("again", await stream.EchoAsync("again"));
    }

    [Fact]
    public async Task Both_ends_name_a_stream_by_the_same_id()
    {
        await using var link = await Link.OpenAsync(Engine);
        for (var i = 0; i < 3; i++)
        {
            var (client, server) = await link.OpenStreamAsync();
            Assert.Equal(4 * i, client.Feature<IStreamIdFeature>().StreamId);
            Assert.Equal(4 * i, server.Feature<IStreamIdFeature>().StreamId);
        }
    }

    [Fact]
    public async Task After_the_clients_end_the_server_goes_on_writing()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync("question"u8.ToArray());
        await client.Transport.Output.CompleteAsync();
        Assert.Equal("question"u8.ToArray(), await server.ReadToEndAsync());

        for (byte i = 0; i < 5; i++)
        {
            await server.Transport.Output.WriteAsync(new[] { i });
            Assert.Equal([i], await client.ReadExactlyAsync(1));
        }

        await server.Transport.Output.CompleteAsync();
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task After_the_servers_end_the_client_goes_on_writing()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await server.Transport.Output.WriteAsync("greeting"u8.ToArray());
        await server.Transport.Output.CompleteAsync();
        Assert.Equal("greeting"u8.ToArray(), await client.ReadToEndAsync());

        for (byte i = 0; i < 5; i++)
        {
            await client.Transport.Output.WriteAsync(new[] { i });
            Assert.Equal([i], await server.ReadExactlyAsync(1));
        }

        await client.Transport.Output.CompleteAsync();
        Assert.Empty(await server.ReadToEndAsync());
    }

    [Fact]
    public async Task An_end_without_data_is_an_end()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();

        await client.Transport.Output.CompleteAsync();
        await server.Transport.Output.CompleteAsync();

        Assert.Empty(await server.ReadToEndAsync());
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Data_can_be_read_long_after_the_stream_has_ended()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync(new byte[50_000]);
        await client.Transport.Output.CompleteAsync();
        await server.Transport.Output.CompleteAsync();
        Assert.Empty(await client.ReadToEndAsync());
        await client.DisposeAsync();

        // Another stream's round trips: the first one is closed on both sides by then.
        var (other, otherServer) = await link.OpenStreamAsync();
        await other.Transport.Output.WriteAsync(new byte[1]);
        await otherServer.ReadExactlyAsync(1);

        Assert.Equal(50_000, (await server.ReadToEndAsync()).Length);
    }

    [Fact]
    public async Task Bytes_that_were_examined_but_not_consumed_are_shown_again_with_what_follows()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync("ab"u8.ToArray());
        var first = await server.Transport.Input.ReadAsync();
        server.Transport.Input.AdvanceTo(first.Buffer.GetPosition(1), first.Buffer.End);

        await client.Transport.Output.WriteAsync("cd"u8.ToArray());

        var second = await server.Transport.Input.ReadAtLeastAsync(3).AsTask().Within("the rest");
        Assert.Equal("bcd"u8.ToArray(), second.Buffer.ToArray());
        server.Transport.Input.AdvanceTo(second.Buffer.End);
    }

    [Fact]
    public async Task A_cancelled_read_leaves_the_stream_usable()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        using var cancellation = new CancellationTokenSource();
        var reading = server.Transport.Input.ReadAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Within("the read to be cancelled"));

        reading = server.Transport.Input.ReadAsync().AsTask();
        server.Transport.Input.CancelPendingRead();
        var cancelled = await reading.Within("the read to be cancelled");
        Assert.True(cancelled.IsCanceled);
        server.Transport.Input.AdvanceTo(cancelled.Buffer.Start);

        await client.Transport.Output.WriteAsync("on"u8.ToArray());
        Assert.Equal("on"u8.ToArray(), await server.ReadExactlyAsync(2));
    }

    [Theory]
    [InlineData(4 * 1024 * 1024, 1)]
    [InlineData(1024 * 1024, 4)]
    public async Task Large_transfers_arrive_whole_in_both_directions_at_once(int length, int streams)
    {
        var random = new Random(Seeds.New());
        List<string> sent = [];
        List<string> received = [];
        await using var link = await Link.OpenAsync(Engine);
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ =>
        {
            var toServer = new byte[length];
            var toClient = new byte[length];
            random.NextBytes(toServer);
            random.NextBytes(toClient);
            return ExchangeAsync(toServer, toClient);
        }));

        async Task ExchangeAsync(byte[] toServer, byte[] toClient)
        {
            await using var client = await link.Client.OpenStreamAsync();
            var sending = SendAsync(client, toServer);
            await using var server = await link.Server.AcceptAsync().AsTask().Within("the stream");
            var answering = SendAsync(server!, toClient);
            var hashes = await Task.WhenAll(ReceiveAsync(server!), ReceiveAsync(client)).Within("the transfers");
            await Task.WhenAll(sending, answering).Within("the writers to end");
            lock (sent)
            {
                sent.AddRange(Hash(toServer), Hash(toClient));
                received.AddRange(hashes);
            }
        }

        Assert.Equal(sent.Order(), received.Order());
    }

    [Fact]
    public async Task Opening_waits_for_the_peers_permission_and_goes_on_when_a_stream_ends()
    {
        await using var link = await Link.OpenAsync(Engine, new QuicListenerOptions { Certificate = EchoServer.Certificate, MaxBidirectionalStreams = 2 });
        var (client, server) = await link.OpenStreamAsync();
        await link.OpenStreamAsync();
        var third = link.Client.ConnectAsync().AsTask();
        using var cancellation = new CancellationTokenSource();
        var cancelled = link.Client.ConnectAsync(null, cancellation.Token).AsTask();
        var fifth = link.Client.ConnectAsync().AsTask();

        // A round trip shows that the requests were looked at.
        await client.Transport.Output.WriteAsync(new byte[1]);
        await server.ReadExactlyAsync(1);
        Assert.False(third.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Within("the cancellation"));

        await client.DisposeAsync();
        await server.DisposeAsync();

        var opened = await third.Within("the third stream");
        Assert.False(fifth.IsCompleted);
        await opened.Transport.Output.WriteAsync(new byte[1]);
        var accepted = await link.Server.AcceptAsync().AsTask().Within("the third stream");
        await opened.DisposeAsync();
        await accepted!.DisposeAsync();
        await (await fifth.Within("the fifth stream")).DisposeAsync();
    }

    [Fact]
    public async Task Streams_that_are_opened_and_reset_at_once_do_not_pile_up_at_a_server_that_accepts_slowly()
    {
        await using var link = await Link.OpenAsync(Engine, new QuicListenerOptions { Certificate = EchoServer.Certificate, MaxBidirectionalStreams = 4 });
        for (var i = 0; i < 4; i++)
        {
            await (await link.Client.OpenStreamAsync()).DisposeAsync();
        }

        // The closes of all four have come and gone when a whole connection has been made and ended beside them.
        var fifth = link.Client.ConnectAsync().AsTask();
        await using (await Engine.ConnectAsync(link.Listener.Loopback()))
        {
            Assert.False(fifth.IsCompleted);
        }

        Assert.False(fifth.IsCompleted);
        await (await link.Server.AcceptAsync().AsTask().Within("the first stream"))!.DisposeAsync();
        await (await fifth.Within("the fifth stream")).DisposeAsync();
    }

    [Fact]
    public async Task A_thousand_streams_one_after_another_use_up_nothing()
    {
        await using var server = await EchoServer.StartAsync(
            Engine,
            configure: _ => new QuicListenerOptions { Certificate = EchoServer.Certificate, MaxBidirectionalStreams = 4 });
        await using var connection = await Engine.ConnectAsync(server.EndPoint);
        for (var i = 0; i < 1000; i++)
        {
            await using var stream = await connection.OpenStreamAsync();
            Assert.Equal("ping", await stream.EchoAsync("ping"));
            await stream.Transport.Output.CompleteAsync();
        }
    }

    [Fact]
    public async Task Opening_a_stream_ends_with_the_connection()
    {
        await using var link = await Link.OpenAsync(Engine, new QuicListenerOptions { Certificate = EchoServer.Certificate, MaxBidirectionalStreams = 1 });
        await link.OpenStreamAsync();
        var waiting = link.Client.ConnectAsync().AsTask();

        link.Server.Feature<IConnectionCloseFeature>().Close(7, "going away");

        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => waiting.Within("the stream not to be opened"));
        Assert.Equal(7u, error.Closure.ApplicationErrorCode);
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => link.Client.OpenStreamAsync());
        Assert.Null(await link.Client.AcceptAsync());
    }

    [Fact]
    public async Task Contexts_can_be_disposed_of_at_every_stage()
    {
        await using var link = await Link.OpenAsync(Engine);

        // Before anything was sent: the server hears of a stream that is reset already.
        await (await link.Client.OpenStreamAsync()).DisposeAsync();
        await (await link.Server.AcceptAsync().AsTask().Within("the stream"))!.DisposeAsync();

        // Twice.
        var (client, server) = await link.OpenStreamAsync();
        await client.DisposeAsync();
        await client.DisposeAsync();
        await server.DisposeAsync();

        // With a flush and a read in flight.
        (client, server) = await link.OpenStreamAsync();
        var writing = client.Transport.Output.WriteAsync(new byte[2 * 1024 * 1024]).AsTask();
        await client.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => writing.Within("the flush to end"));
        await server.DisposeAsync();

        // After the peer's end, with data unread.
        (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync(new byte[1000]);
        await client.Transport.Output.CompleteAsync();
        await server.Transport.Input.ReadAtLeastAsync(1000).AsTask().Within("the data");
        await server.DisposeAsync();
        await client.DisposeAsync();

        // After the connection.
        (client, server) = await link.OpenStreamAsync();
        await link.Client.DisposeAsync();
        await client.DisposeAsync();
        await server.DisposeAsync();
        await link.Client.DisposeAsync();
    }

    private static async Task SendAsync(ConnectionContext stream, byte[] bytes)
    {
        for (var offset = 0; offset < bytes.Length; offset += 30_000)
        {
            await stream.Transport.Output.WriteAsync(bytes.AsMemory(offset, Math.Min(30_000, bytes.Length - offset)));
        }

        await stream.Transport.Output.CompleteAsync();
    }

    private static async Task<string> ReceiveAsync(ConnectionContext stream) => Hash(await stream.ReadToEndAsync());

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));
}
