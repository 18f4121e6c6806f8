using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>A reader that does not read stops its writer, and nobody else.</summary>
public abstract class FlowControlTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : FlowControlTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : FlowControlTests(TestEngine.System);

    private const int StreamWindow = 64 * 1024;

    // Four streams' windows, and a little for the bytes that show streams to the server.
    private const int ConnectionWindow = (4 * StreamWindow) + 100;

    private const int WriteSize = 16 * 1024;

    private static QuicListenerOptions Server => new()
    {
        Certificate = EchoServer.Certificate,
        StreamReceiveWindow = StreamWindow,
        ConnectionReceiveWindow = ConnectionWindow,
    };

    [Fact]
    public async Task A_reader_that_does_not_read_stops_its_writer_within_the_window_and_others_go_on()
    {
        await using var link = await Link.OpenAsync(Engine, Server);
        var (slow, slowServer) = await link.OpenStreamAsync();
        var (quick, quickServer) = await link.OpenStreamAsync();
        var writer = await Writer.StoppedAsync(Engine, slow, slowServer);

        for (var i = 0; i < 20; i++)
        {
            await quick.Transport.Output.WriteAsync(new byte[10_000]);
            await quickServer.ReadExactlyAsync(10_000);
        }

        // The other stream's traffic may have shown MsQuic that the path carries more, so that it buffers more.
        await writer.FillBufferAsync(Engine);
        Assert.False(writer.Flush.IsCompleted);
        Assert.InRange(writer.Written, StreamWindow, StreamWindow + Engine.SendBuffer + WriteSize);
        await writer.ReadAsync();
    }

    [Fact]
    public async Task Unread_bytes_of_all_streams_together_stay_within_the_connections_window_and_it_opens_again()
    {
        Assert.SkipUnless(Engine.HasExactWindows, "This needs a window that is no power of two, and MsQuic has no others.");
        await using var link = await Link.OpenAsync(Engine, Server);
        List<(ConnectionContext Client, ConnectionContext Server)> streams = [];
        for (var i = 0; i < 8; i++)
        {
            streams.Add(await link.OpenStreamAsync());
        }

        List<Writer> writers = [];
        foreach (var (client, server) in streams)
        {
            writers.Add(writers.Count < ConnectionWindow / StreamWindow
                ? await Writer.StoppedAsync(Engine, client, server)
                : await Writer.StoppedByOthersAsync(Engine, client, server));
        }

        Assert.All(writers.Skip(4), writer => Assert.InRange(writer.Written, Engine.SendBuffer, Engine.SendBuffer + (2 * WriteSize)));

        // Half of the window is enough for all others to go on; ngtcp2 tells of credit from a quarter of the window on.
        await Task.WhenAll(writers.Where((_, i) => i is not (2 or 3)).Select(w => w.ReadAsync()));
        Assert.All(writers[2..4], writer => Assert.False(writer.Flush.IsCompleted));
        await Task.WhenAll(writers[2..4].Select(w => w.ReadAsync()));
    }

    [Fact]
    public async Task Streams_that_read_a_little_each_do_not_use_up_the_connections_window()
    {
        // Each stays below the step at which a stream alone gives credit; together they are three times the connection's window.
        const int Streams = 100;
        const int Bytes = (StreamWindow / 8) - 100;
        await using var link = await Link.OpenAsync(Engine, Server);
        List<(ConnectionContext Client, ConnectionContext Server)> streams = [];
        for (var i = 0; i < Streams; i++)
        {
            var (client, server) = await link.OpenStreamAsync();
            streams.Add((client, server));
            await client.Transport.Output.WriteAsync(new byte[Bytes]);
            Assert.Equal(Bytes, (await server.ReadExactlyAsync(Bytes)).Length);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Streams_that_are_given_up_unread_do_not_use_up_the_connections_window(bool ended)
    {
        await using var link = await Link.OpenAsync(Engine, Server);
        for (var i = 0; i < 30; i++)
        {
            var (client, server) = await link.OpenStreamAsync();
            await client.Transport.Output.WriteAsync(new byte[StreamWindow / 2]);
            if (ended)
            {
                await client.Transport.Output.CompleteAsync();
            }

            // Some have arrived whole when they are given up, some are on their way.
            if (i % 2 == 0)
            {
                var result = await server.Transport.Input.ReadAtLeastAsync(StreamWindow / 2).AsTask().Within("the data");
                server.Transport.Input.AdvanceTo(result.Buffer.Start);
            }

            await server.DisposeAsync();
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Streams_that_the_peer_resets_unread_do_not_use_up_the_connections_window()
    {
        await using var link = await Link.OpenAsync(Engine, Server);
        for (var i = 0; i < 30; i++)
        {
            var (client, server) = await link.OpenStreamAsync();
            var writing = client.Transport.Output.WriteAsync(new byte[StreamWindow / 2]).AsTask();
            client.Abort();
            await server.DisposeAsync();
            await client.DisposeAsync();
            await Task.WhenAny(writing).Within("the write to end");
        }
    }

    [Fact]
    public async Task A_server_is_stopped_by_a_client_that_does_not_read_too()
    {
        await using var link = await Link.OpenAsync(
            Engine,
            client: new QuicClientOptions { Trust = Clients.Trust, StreamReceiveWindow = StreamWindow, ConnectionReceiveWindow = ConnectionWindow });
        var (client, server) = await link.OpenStreamAsync();
        var writer = await Writer.StoppedAsync(Engine, server, client);
        Assert.InRange(writer.Written, StreamWindow, StreamWindow + Engine.SendBuffer + WriteSize);
        await writer.ReadAsync();
    }

    // Writes until a flush waits for the peer to read. Once the peer holds as much unread as its window allows, a flush that does not end at once never does.
    private sealed class Writer(ConnectionContext from, ConnectionContext to)
    {
        public int Written { get; private set; }

        public Task<FlushResult> Flush { get; private set; } = Task.FromResult(default(FlushResult));

        public static async Task<Writer> StoppedAsync(TestEngine engine, ConnectionContext from, ConnectionContext to)
        {
            var writer = new Writer(from, to);
            await writer.FillWindowAsync();
            await writer.FillBufferAsync(engine);
            return writer;
        }

        /// <summary>A writer of a connection whose window is used up by others.</summary>
        public static async Task<Writer> StoppedByOthersAsync(TestEngine engine, ConnectionContext from, ConnectionContext to)
        {
            var writer = new Writer(from, to);
            await writer.FillBufferAsync(engine);
            return writer;
        }

        /// <summary>Reads all that was written.</summary>
        public async Task ReadAsync()
        {
            await to.SkipAsync(Written);
            await Flush.Within("the writer to go on");
        }

        private async Task FillWindowAsync()
        {
            // The byte that showed the stream to the server has used a part of its window, too little to be given back.
            Written = StreamWindow - 1;
            await from.Transport.Output.WriteAsync(new byte[Written]);
            var result = await to.Transport.Input.ReadAtLeastAsync(Written).AsTask().Within("the window to be full");
            to.Transport.Input.AdvanceTo(result.Buffer.Start);
        }

        /// <summary>Writes until a flush waits.</summary>
        public async Task FillBufferAsync(TestEngine engine)
        {
            while (Flush.IsCompleted)
            {
                Flush = from.Transport.Output.WriteAsync(new byte[WriteSize]).AsTask();
                Written += WriteSize;
                Assert.True(Written < 16 * 1024 * 1024, "Nothing stopped the writer.");
                if (!Flush.IsCompleted && !engine.FlushesAtOnce)
                {
                    // It may be the engine's own thread that is waited for. That it is not shows only in time.
                    await Task.WhenAny(Flush, Task.Delay(TimeSpan.FromMilliseconds(500)));
                }
            }
        }
    }
}
