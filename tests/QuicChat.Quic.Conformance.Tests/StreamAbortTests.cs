using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>How one side gives up a direction of a stream, and what the other sees of it.</summary>
public abstract class StreamAbortTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : StreamAbortTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : StreamAbortTests(TestEngine.System);

    private static readonly ConnectionAbortedException Reason = new("the test aborts");

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData((1L << 62) - 1)]
    public async Task The_reader_of_a_reset_stream_gets_the_peers_code(long code)
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var reading = server.Transport.Input.ReadAsync().AsTask();

        client.Feature<IStreamAbortFeature>().AbortWrite(code, Reason);

        var error = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => reading.Within("the reset"));
        Assert.Equal((ulong)code, error.ErrorCode);

        // The other direction goes on.
        await server.Transport.Output.WriteAsync("still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await client.ReadExactlyAsync(10));
        await DisposeAsync(client, server);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData((1L << 62) - 1)]
    public async Task The_writer_of_a_stream_that_nobody_reads_any_more_gets_the_peers_code(long code)
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var writing = WriteUntilItFailsAsync(client);

        server.Feature<IStreamAbortFeature>().AbortRead(code, Reason);

        var error = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => writing.Within("the writer to be stopped"));
        Assert.Equal((ulong)code, error.ErrorCode);
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task A_reset_reaches_a_reader_that_has_not_read_for_long()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync(new byte[1000]);
        await server.Transport.Output.WriteAsync(new byte[1]);
        await client.ReadExactlyAsync(1);

        client.Feature<IStreamAbortFeature>().AbortWrite(9, Reason);

        var error = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => server.ReadToEndAsync().Within("the reset"));
        Assert.Equal(9u, error.ErrorCode);
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task Abort_ends_both_directions_with_the_code_of_the_stream()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var reading = server.Transport.Input.ReadAsync().AsTask();
        var writing = WriteUntilItFailsAsync(server);

        client.Feature<IProtocolErrorCodeFeature>().Error = 12;
        client.Abort(Reason);

        Assert.Equal(12u, (await Assert.ThrowsAsync<QuicStreamAbortedException>(() => reading.Within("the reset"))).ErrorCode);
        Assert.Equal(12u, (await Assert.ThrowsAsync<QuicStreamAbortedException>(() => writing.Within("the writer to be stopped"))).ErrorCode);
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task Completing_the_output_with_an_error_resets_with_the_code_of_the_stream()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        client.Feature<IProtocolErrorCodeFeature>().Error = 10;

        await client.Transport.Output.CompleteAsync(Reason);

        var error = await Assert.ThrowsAsync<QuicStreamAbortedException>(() => server.ReadToEndAsync().Within("the reset"));
        Assert.Equal(10u, error.ErrorCode);
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task A_flush_that_waits_ends_when_this_side_aborts_writing()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var writing = client.Transport.Output.WriteAsync(new byte[2 * 1024 * 1024]).AsTask();
        Assert.False(writing.IsCompleted);

        client.Feature<IStreamAbortFeature>().AbortWrite(1, Reason);

        Assert.Same(Reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => writing.Within("the flush to end")));
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task A_read_that_waits_ends_with_the_reason_when_this_side_aborts_reading()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var reading = client.Transport.Input.ReadAsync().AsTask();

        client.Feature<IStreamAbortFeature>().AbortRead(1, Reason);

        // Not as if the peer had finished: what was read is not the whole.
        Assert.Same(Reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Within("the read to end")));
        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task Reading_no_more_leaves_writing_alone()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();

        await client.Transport.Input.CompleteAsync();

        for (var i = 0; i < 10; i++)
        {
            await client.Transport.Output.WriteAsync(new byte[1000]);
            await server.ReadExactlyAsync(1000);
        }

        await DisposeAsync(client, server);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1L << 62)]
    [InlineData(long.MaxValue)]
    public async Task A_code_that_does_not_fit_the_wire_is_refused(long code)
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        var abort = client.Feature<IStreamAbortFeature>();

        Assert.Throws<ArgumentOutOfRangeException>(() => abort.AbortRead(code, Reason));
        Assert.Throws<ArgumentOutOfRangeException>(() => abort.AbortWrite(code, Reason));
        if (code >= 0)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => client.Feature<IProtocolErrorCodeFeature>().Error = code);
        }

        await DisposeAsync(client, server);
    }

    [Fact]
    public async Task A_stream_that_is_finished_cannot_be_reset_any_more()
    {
        await using var link = await Link.OpenAsync(Engine);
        var (client, server) = await link.OpenStreamAsync();
        await client.Transport.Output.WriteAsync("all"u8.ToArray());
        await client.Transport.Output.CompleteAsync();
        Assert.Equal("all"u8.ToArray(), await server.ReadToEndAsync());

        await DisposeAsync(client);

        await server.Transport.Output.CompleteAsync();
        await DisposeAsync(server);
        await link.OpenStreamAsync();
    }

    private static async Task WriteUntilItFailsAsync(ConnectionContext stream)
    {
        while (true)
        {
            await stream.Transport.Output.WriteAsync(new byte[1000]);
        }
    }

    private static async Task DisposeAsync(params ConnectionContext[] streams)
    {
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }
}
