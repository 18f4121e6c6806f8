using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Conformance.Tests.Support;

internal static class Clients
{
    public static ServerTrust Trust => new ServerTrust.Pinned(EchoServer.Certificate.Sha256);

    public static QuicClientOptions Options => new() { Trust = Trust };

    /// <summary>Where a client on this machine reaches the listener.</summary>
    public static IPEndPoint Loopback(this IMultiplexedConnectionListener listener) => new(IPAddress.Loopback, ((IPEndPoint)listener.EndPoint).Port);

    public static async Task<ConnectionContext> OpenStreamAsync(this MultiplexedConnectionContext connection)
        => await connection.ConnectAsync().AsTask().Within("a stream to be opened");

    /// <summary>Sends a text and waits until as many bytes have come back.</summary>
    public static async Task<string> EchoAsync(this ConnectionContext stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        await stream.Transport.Output.WriteAsync(bytes);
        return Encoding.UTF8.GetString(await stream.ReadExactlyAsync(bytes.Length));
    }

    public static async Task<byte[]> ReadExactlyAsync(this ConnectionContext stream, int length)
    {
        var result = await stream.Transport.Input.ReadAtLeastAsync(length).AsTask().Within($"{length} bytes of stream {stream.ConnectionId}");
        var buffer = result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length));
        var bytes = buffer.ToArray();
        stream.Transport.Input.AdvanceTo(buffer.End);
        return bytes;
    }

    /// <summary>Reads bytes as they come, so that the peer may send more.</summary>
    public static async Task SkipAsync(this ConnectionContext stream, long count)
    {
        while (count > 0)
        {
            var result = await stream.Transport.Input.ReadAsync().AsTask().Within($"{count} bytes of stream {stream.ConnectionId}");
            var skipped = result.Buffer.Slice(0, Math.Min(count, result.Buffer.Length));
            count -= skipped.Length;
            stream.Transport.Input.AdvanceTo(skipped.End);
            if (result.IsCompleted && count > 0)
            {
                throw new EndOfStreamException($"Stream {stream.ConnectionId} ended {count} bytes early.");
            }
        }
    }

    /// <summary>Reads until the peer ends the stream.</summary>
    public static async Task<byte[]> ReadToEndAsync(this ConnectionContext stream)
    {
        using var bytes = new MemoryStream();
        while (true)
        {
            var result = await stream.Transport.Input.ReadAsync().AsTask().Within($"the end of stream {stream.ConnectionId}");
            foreach (var segment in result.Buffer)
            {
                bytes.Write(segment.Span);
            }

            stream.Transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return bytes.ToArray();
            }
        }
    }

    public static T Feature<T>(this MultiplexedConnectionContext connection)
        where T : class => connection.Features.Get<T>() ?? throw new InvalidOperationException($"The connection has no {typeof(T).Name}.");

    public static T Feature<T>(this ConnectionContext stream)
        where T : class => stream.Features.Get<T>() ?? throw new InvalidOperationException($"The stream has no {typeof(T).Name}.");

    public static async Task<T> NextPathEventAsync<T>(this MultiplexedConnectionContext connection)
        where T : PathEvent
    {
        var next = await connection.Feature<IConnectionPathFeature>().Events.ReadAsync().AsTask().Within($"a path event {typeof(T).Name}");
        return Xunit.Assert.IsType<T>(next);
    }
}
