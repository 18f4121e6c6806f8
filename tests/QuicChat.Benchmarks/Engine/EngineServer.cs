using System.Buffers.Binary;
using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Benchmarks.Engine;

/// <summary>
/// The server that is measured: a process of its own, which sends as many bytes as a stream's first 8 ask for. It ends when its input does.
/// </summary>
internal static class EngineServer
{
    /// <summary>The application protocol.</summary>
    public const string Protocol = "bench";

    // What an application would have at hand.
    private const int Chunk = 64 * 1024;

    /// <summary>Serves; the first line of its output is the port.</summary>
    public static async Task<int> RunAsync(string certificateDirectory)
    {
        var options = new QuicListenerOptions
        {
            Certificate = DevelopmentCertificate.Ensure(certificateDirectory, TimeProvider.System),
            ApplicationProtocol = Protocol,
        };
        var factory = QuicEngine.CreateListenerFactory(QuicEngineKind.Ngtcp2, options);
        await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        Console.WriteLine(((IPEndPoint)listener.EndPoint).Port);
        var accepting = AcceptAsync(listener);
        await Console.In.ReadToEndAsync();
        await listener.UnbindAsync();
        await accepting;
        return 0;
    }

    private static async Task AcceptAsync(IMultiplexedConnectionListener listener)
    {
        while (await listener.AcceptAsync() is { } connection)
        {
            _ = ServeAsync(connection);
        }
    }

    private static async Task ServeAsync(MultiplexedConnectionContext connection)
    {
        while (await connection.AcceptAsync() is { } stream)
        {
            _ = SendAsync(stream);
        }

        await connection.DisposeAsync();
    }

    private static async Task SendAsync(ConnectionContext stream)
    {
        await using (stream)
        {
            try
            {
                var request = await stream.Transport.Input.ReadAtLeastAsync(sizeof(long));
                var left = ReadCount(request.Buffer);
                stream.Transport.Input.AdvanceTo(request.Buffer.End);
                var output = stream.Transport.Output;
                var data = new byte[Chunk];
                for (; left > 0; left -= Chunk)
                {
                    await output.WriteAsync(data.AsMemory(0, (int)Math.Min(left, Chunk)));
                }

                await output.CompleteAsync();
            }
            catch (Exception e) when (e is QuicConnectionClosedException or QuicStreamAbortedException)
            {
                // The client has seen enough.
            }
        }
    }

    private static long ReadCount(System.Buffers.ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        System.Buffers.BuffersExtensions.CopyTo(buffer.Slice(0, sizeof(long)), bytes);
        return BinaryPrimitives.ReadInt64BigEndian(bytes);
    }
}
