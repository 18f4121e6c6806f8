using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

[Collection(WholeProcess.Name)]
public sealed class LeakTests
{
    // An established connection takes some 40 KiB of native memory on each side: a tenth of them would show. The compiler's memory comes and goes meanwhile.
    private const long NativeTolerance = 2 * 1024 * 1024;

    private static readonly Counter Handlers = new();

    [Fact]
    public async Task Two_thousand_connections_leave_nothing_behind()
    {
        await using var listener = (Driver.Ngtcp2Listener)await TestEngine.Ngtcp2.BindAsync(new QuicListenerOptions
        {
            Certificate = EchoServer.Certificate,
            HandshakeTimeout = TimeSpan.FromSeconds(2),
        });
        var serving = ServeAsync(listener);

        // What is made once and kept: compiled code, pools, buffers of the libraries.
        await RunAsync(listener, 500);
        var before = await SettleAsync(listener);

        await RunAsync(listener, 2000);

        var after = await SettleAsync(listener);
        TestContext.Current.TestOutputHelper?.WriteLine($"Before: {before}\nAfter:  {after}");
        Assert.Equal(before with { NativeBytes = 0 }, after with { NativeBytes = 0 });
        Assert.Equal(0, after.Connections);
        Assert.True(
            after.NativeBytes - before.NativeBytes < NativeTolerance,
            $"{after.NativeBytes - before.NativeBytes} bytes of native memory more are in use after 2,000 connections.");
        await listener.DisposeAsync();
        await serving.Within("the server to end");
    }

    private static async Task<Holdings> SettleAsync(Ngtcp2Listener listener)
    {
        await listener.WhenEmptyAsync().Within("the server's connections to end");
        Assert.Equal(0, listener.ConnectionIds);
        var holdings = await Holdings.TakeAsync();

        // The server's handlers release their streams after the connections have ended.
        await Handlers.WhenEmptyAsync().Within("the server's handlers to end");
        Assert.Equal(0, listener.RentedBlocks);
        return holdings;
    }

    private static Task RunAsync(Ngtcp2Listener listener, int count)
        => Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (i, _) => await LiveAsync(listener, i % 10));

    // One connection's life.
    private static async Task LiveAsync(Ngtcp2Listener listener, int kind)
    {
        if (kind == 8)
        {
            // Its server never answers to where it can be heard: half a handshake.
            using var peer = new RawUdp();
            using var link = new CoreLink();
            link.Wire = (_, datagram) =>
            {
                peer.Send(datagram, listener.Loopback());
                return [];
            };
            link.RunFor(TimeSpan.Zero);
            return;
        }

        if (kind == 9)
        {
            using var cancellation = new CancellationTokenSource();
            var connecting = QuicEngine.CreateConnectionFactory(TestEngine.Ngtcp2.Kind, Clients.Options)
                .ConnectAsync(listener.Loopback(), null, cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            await Task.WhenAny(connecting).Within("the cancellation");
            if (connecting.IsCompletedSuccessfully)
            {
                await connecting.Result.DisposeAsync();
            }

            return;
        }

        await using var connection = await TestEngine.Ngtcp2.ConnectAsync(listener.Loopback());
        if (kind == 0)
        {
            // Nothing was ever said.
            return;
        }

        await using var stream = await connection.OpenStreamAsync();

        // The first byte tells the server what to do.
        await stream.Transport.Output.WriteAsync(new[] { (byte)kind });
        switch (kind)
        {
            case 1 or 7: // an echo, both sides end in order; by 7 the server closes
                await stream.Transport.Output.WriteAsync(new byte[3000]);
                await stream.Transport.Output.CompleteAsync();
                Assert.Equal(3001, (await stream.ReadToEndAsync()).Length);
                break;
            case 2: // aborted by the client
                stream.Abort(new ConnectionAbortedException("test"));
                break;
            case 3: // reset by the server
                await Assert.ThrowsAsync<QuicStreamAbortedException>(() => stream.ReadToEndAsync());
                break;
            case 4: // abandoned with unread and unsent bytes
                _ = stream.Transport.Output.WriteAsync(new byte[600_000]).AsTask();
                break;
            case 5: // closed by the server without a word
                await connection.Feature<IConnectionCloseFeature>().Closed.Within("the server to close");
                break;
            case 6: // never accepted
                for (var i = 0; i < 5; i++)
                {
                    await using var unheard = await connection.OpenStreamAsync();
                    await unheard.Transport.Output.WriteAsync(new byte[1000]);
                    await unheard.Transport.Output.CompleteAsync();
                }

                break;
        }
    }

    private static async Task ServeAsync(Ngtcp2Listener listener)
    {
        while (await listener.AcceptAsync() is { } connection)
        {
            Handlers.Run(() => ServeAsync(connection));
        }
    }

    private static async Task ServeAsync(MultiplexedConnectionContext connection)
    {
        await using (connection)
        {
            if (await connection.AcceptAsync() is not { } stream)
            {
                return;
            }

            await using (stream)
            {
                try
                {
                    var first = await stream.Transport.Input.ReadAsync();
                    if (first.Buffer.IsEmpty)
                    {
                        return;
                    }

                    var kind = first.Buffer.FirstSpan[0];
                    stream.Transport.Input.AdvanceTo(first.Buffer.Start);
                    switch (kind)
                    {
                        case 3:
                            stream.Feature<IStreamAbortFeature>().AbortWrite(6, new ConnectionAbortedException("test"));
                            break;
                        case 5:
                            return;
                        case 6:
                            break;
                        default:
                            await EchoServer.EchoAsync(stream);
                            break;
                    }

                    if (kind == 7)
                    {
                        connection.Feature<IConnectionCloseFeature>().Close(7, "going away");
                    }

                    await connection.Feature<IConnectionCloseFeature>().Closed;
                }
                catch (IOException e) when (e is QuicConnectionClosedException or QuicStreamAbortedException)
                {
                    await connection.Feature<IConnectionCloseFeature>().Closed;
                }
            }
        }
    }

    // Tasks that run, and a wait for their end.
    private sealed class Counter
    {
        private readonly Lock _lock = new();
        private readonly HashSet<Task> _running = [];

        public void Run(Func<Task> action)
        {
            lock (_lock)
            {
                _running.RemoveWhere(t => t.IsCompleted);
                _running.Add(Task.Run(action));
            }
        }

        public async Task WhenEmptyAsync()
        {
            Task[] running;
            lock (_lock)
            {
                running = [.. _running];
            }

            await Task.WhenAll(running);
        }
    }
}
