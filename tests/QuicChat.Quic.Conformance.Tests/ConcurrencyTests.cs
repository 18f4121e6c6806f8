using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Many threads of an application on the streams of one connection, while it closes under them.</summary>
public abstract class ConcurrencyTests(TestEngine engine) : Conformance(engine)
{
    [Collection(WholeProcess.Name)]
    public sealed class OnNgtcp2() : ConcurrencyTests(TestEngine.Ngtcp2);

    [Collection(WholeProcess.Name)]
    public sealed class OnSystem() : ConcurrencyTests(TestEngine.System);

    [Fact]
    public async Task Streams_under_attack_from_all_threads_end_with_their_connection_and_leave_no_memory()
    {
        var random = new Random(Seeds.New());

        // Those of earlier tests that left it to the garbage collector.
        var held = await Engine.HeldByClientsAsync();
        for (var round = 0; round < 60; round++)
        {
            var link = await Link.OpenAsync(Engine, new QuicListenerOptions
            {
                Certificate = EchoServer.Certificate,
                MaxBidirectionalStreams = 16,
                StreamReceiveWindow = 32 * 1024,
                ConnectionReceiveWindow = 128 * 1024,
            });
            var serving = ServeAsync(link.Server, random.Next());
            var hammering = Enumerable.Range(0, 12).Select(_ =>
            {
                var seed = random.Next();
                return Task.Run(() => HammerAsync(link.Client, new Random(seed)));
            }).ToArray();
            var work = random.Next(30);
            for (var i = 0; i < work; i++)
            {
                await Task.WhenAny(hammering);
                await Task.Yield();
            }

            switch (random.Next(5))
            {
                case 0:
                    link.Client.Feature<IConnectionCloseFeature>().Close(1, "the client closes");
                    break;
                case 1:
                    link.Server.Feature<IConnectionCloseFeature>().Close(2, "the server closes");
                    break;
                case 2:
                    link.Client.Abort();
                    link.Server.Abort();
                    break;
                case 3:
                    await link.Listener.DisposeAsync();
                    break;
                default:
                    await Task.WhenAny(Task.WhenAll(hammering)).Within("the streams to come to their own ends");
                    link.Client.Abort();
                    break;
            }

            await Task.WhenAll([.. hammering, serving]).Within($"all tasks of round {round} to end");
            await link.DisposeAsync();
            await TestEngine.WhenEmptyAsync(link.Listener);
        }

        Assert.Equal(held, await Engine.HeldByClientsAsync());
    }

    // Opens streams, each with a reader, a writer and somebody who aborts it at some time.
    private static async Task HammerAsync(MultiplexedConnectionContext connection, Random random)
    {
        try
        {
            for (var i = 0; i < 20; i++)
            {
                await using var stream = await connection.ConnectAsync();
                await UseAsync(stream, random);
            }
        }
        catch (QuicConnectionClosedException)
        {
            // What the test is about.
        }
    }

    private static async Task ServeAsync(MultiplexedConnectionContext connection, int seed)
    {
        var random = new Random(seed);
        List<Task> streams = [];
        while (await connection.AcceptAsync() is { } stream)
        {
            var streamSeed = random.Next();
            streams.Add(Task.Run(async () =>
            {
                await using (stream)
                {
                    await UseAsync(stream, new Random(streamSeed));
                }
            }));
        }

        await Task.WhenAll(streams);
    }

    private static async Task UseAsync(ConnectionContext stream, Random random)
    {
        var (readerSeed, writerSeed) = (random.Next(), random.Next());
        var reading = Task.Run(() => ReadAsync(stream, new Random(readerSeed)));
        var writing = Task.Run(() => WriteAsync(stream, new Random(writerSeed)));
        var abort = stream.Feature<IStreamAbortFeature>();
        var reason = new ConnectionAbortedException("the test aborts");
        for (var i = random.Next(4); i > 0; i--)
        {
            switch (random.Next(4))
            {
                case 0:
                    abort.AbortRead(random.Next(100), reason);
                    break;
                case 1:
                    abort.AbortWrite(random.Next(100), reason);
                    break;
                case 2:
                    stream.Abort(reason);
                    break;
                default:
                    await Task.Yield();
                    break;
            }
        }

        // One who stops reading while the other writes on would wait for ever: the last one out aborts what is left.
        await Task.WhenAny(reading, writing);
        if (random.Next(2) == 0)
        {
            stream.Abort(reason);
        }

        await Task.WhenAll(reading, writing);
    }

    private static async Task ReadAsync(ConnectionContext stream, Random random)
    {
        try
        {
            while (true)
            {
                var result = await stream.Transport.Input.ReadAsync();
                var consumed = random.Next(3) == 0 ? result.Buffer.GetPosition(result.Buffer.Length / 2) : result.Buffer.End;
                stream.Transport.Input.AdvanceTo(consumed, result.Buffer.End);
                if (result.IsCompleted || random.Next(50) == 0)
                {
                    break;
                }
            }

            await stream.Transport.Input.CompleteAsync();
        }
        catch (Exception e) when (IsExpected(e))
        {
            // It was aborted, by either side, or the connection ended.
        }
    }

    private static async Task WriteAsync(ConnectionContext stream, Random random)
    {
        try
        {
            for (var i = random.Next(20); i > 0; i--)
            {
                var result = await stream.Transport.Output.WriteAsync(new byte[random.Next(20_000)]);
                if (result.IsCompleted)
                {
                    break;
                }
            }

            await stream.Transport.Output.CompleteAsync(random.Next(5) == 0 ? new ConnectionAbortedException("the writer gives up") : null);
        }
        catch (Exception e) when (IsExpected(e))
        {
            // As above.
        }
    }

    private static bool IsExpected(Exception e)
        => e is QuicConnectionClosedException or QuicStreamAbortedException or ConnectionAbortedException;
}
