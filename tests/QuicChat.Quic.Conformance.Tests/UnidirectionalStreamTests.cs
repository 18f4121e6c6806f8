using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Streams that only the side that opened them writes to (RFC 9000, section 2.1), in both directions.</summary>
public abstract class UnidirectionalStreamTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : UnidirectionalStreamTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : UnidirectionalStreamTests(TestEngine.System);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bytes_and_the_end_arrive_at_the_side_that_reads(bool opensAtClient)
    {
        await using var link = await OpenAsync(limit: 3);
        var (writer, reader) = opensAtClient ? (link.Client, link.Server) : (link.Server, link.Client);
        var bytes = new byte[1_000_000];
        new Random(Seeds.New()).NextBytes(bytes);

        await using var sent = await OpenAsync(writer);
        var sending = WriteAllAsync(sent, bytes);
        await using var received = await AcceptAsync(reader);

        Assert.Equal(bytes, await received.ReadToEndAsync());
        await sending.Within("the writer to end");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_side_says_what_it_may_do_and_refuses_the_rest(bool opensAtClient)
    {
        await using var link = await OpenAsync(limit: 3);
        var (writer, reader) = opensAtClient ? (link.Client, link.Server) : (link.Server, link.Client);

        await using var sent = await OpenAsync(writer);
        await sent.Transport.Output.WriteAsync(new byte[1]);
        await using var received = await AcceptAsync(reader);

        Assert.Equal((false, true), Direction(sent));
        Assert.Equal((true, false), Direction(received));
        Assert.Equal(2, sent.Feature<IStreamIdFeature>().StreamId & 2);
        Assert.Equal(sent.Feature<IStreamIdFeature>().StreamId, received.Feature<IStreamIdFeature>().StreamId);
        Assert.Empty(await sent.ReadToEndAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await received.Transport.Output.WriteAsync(new byte[1]));

        // Ending a side that is not there harms nothing.
        await received.Transport.Output.CompleteAsync();
        await sent.Transport.Input.CompleteAsync();
        await sent.Transport.Output.WriteAsync(new byte[1]);
        Assert.Equal(2, (await received.ReadExactlyAsync(2)).Length);
    }

    [Fact]
    public async Task A_reset_and_a_stop_reach_the_other_side()
    {
        await using var link = await OpenAsync(limit: 3);
        await using var reset = await OpenAsync(link.Client);
        await reset.Transport.Output.WriteAsync(new byte[1]);
        await using var resetAtServer = await AcceptAsync(link.Server);
        await resetAtServer.ReadExactlyAsync(1);
        await using var stopped = await OpenAsync(link.Client);
        await stopped.Transport.Output.WriteAsync(new byte[1]);
        await using var stoppedAtServer = await AcceptAsync(link.Server);
        await stoppedAtServer.ReadExactlyAsync(1);

        reset.Feature<IStreamAbortFeature>().AbortWrite(7, new ConnectionAbortedException("the test aborts"));
        stoppedAtServer.Feature<IStreamAbortFeature>().AbortRead(8, new ConnectionAbortedException("the test aborts"));

        var resetError = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => resetAtServer.ReadToEndAsync());
        Assert.Equal(7u, resetError.ErrorCode);
        var stopError = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => WriteForeverAsync(stopped).Within("the writer to be stopped"));
        Assert.Equal(8u, stopError.ErrorCode);
    }

    [Fact]
    public async Task Opening_waits_for_the_peers_permission_and_does_not_hold_other_streams_up()
    {
        await using var link = await OpenAsync(limit: 1);
        await using var first = await OpenAsync(link.Client);
        await first.Transport.Output.WriteAsync(new byte[1]);
        var second = link.Client.ConnectAsync(OneWay()).AsTask();

        var received = await AcceptAsync(link.Server);

        var (client, server) = await link.OpenStreamAsync();
        Assert.False(second.IsCompleted);

        await first.Transport.Output.CompleteAsync();
        await received.ReadToEndAsync();
        await received.DisposeAsync();

        await using var opened = await second.Within("the second stream");
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task None_can_be_opened_where_the_peer_expects_none()
    {
        await using var link = await OpenAsync(limit: 0);
        using var cancellation = new CancellationTokenSource();
        var opening = link.Client.ConnectAsync(OneWay(), cancellation.Token).AsTask();

        var (client, server) = await link.OpenStreamAsync();

        Assert.False(opening.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Within("the cancellation"));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Five_hundred_one_after_another_use_up_nothing()
    {
        await using var link = await OpenAsync(limit: 2);
        for (var i = 0; i < 500; i++)
        {
            await using var sent = await OpenAsync(link.Client);
            await sent.Transport.Output.WriteAsync(new byte[10]);
            await sent.Transport.Output.CompleteAsync();
            await using var received = await AcceptAsync(link.Server);
            Assert.Equal(10, (await received.ReadToEndAsync()).Length);
        }
    }

    private Task<Link> OpenAsync(int limit) => Link.OpenAsync(
        Engine,
        new QuicListenerOptions { Certificate = EchoServer.Certificate, MaxUnidirectionalStreams = limit },
        new QuicClientOptions { Trust = Clients.Trust, MaxUnidirectionalStreams = limit });

    private static async Task<ConnectionContext> OpenAsync(MultiplexedConnectionContext connection)
        => await connection.ConnectAsync(OneWay()).AsTask().Within("a unidirectional stream to be opened");

    private static async Task<ConnectionContext> AcceptAsync(MultiplexedConnectionContext connection)
        => await connection.AcceptAsync().AsTask().Within("a stream to be accepted") ?? throw new InvalidOperationException("The connection ended.");

    private static (bool CanRead, bool CanWrite) Direction(ConnectionContext stream)
        => (stream.Feature<IStreamDirectionFeature>().CanRead, stream.Feature<IStreamDirectionFeature>().CanWrite);

    private static FeatureCollection OneWay()
    {
        var features = new FeatureCollection();
        features.Set<IStreamDirectionFeature>(new WriteOnly());
        return features;
    }

    private static async Task WriteAllAsync(ConnectionContext stream, byte[] bytes)
    {
        await stream.Transport.Output.WriteAsync(bytes);
        await stream.Transport.Output.CompleteAsync();
    }

    private static async Task WriteForeverAsync(ConnectionContext stream)
    {
        while (true)
        {
            await stream.Transport.Output.WriteAsync(new byte[10_000]);
        }
    }

    private sealed class WriteOnly : IStreamDirectionFeature
    {
        public bool CanRead => false;

        public bool CanWrite => true;
    }
}
