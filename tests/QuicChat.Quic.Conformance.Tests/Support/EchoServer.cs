using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>A listener that runs a handler for each stream; an echo unless told otherwise.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private static readonly Lazy<PemCertificate> SharedCertificate = new(() =>
    {
        var directory = Directory.CreateTempSubdirectory("quicchat-test-certificate-");
        try
        {
            return DevelopmentCertificate.Ensure(directory.FullName, TimeProvider.System);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    });

    private readonly Channel<MultiplexedConnectionContext> _connections = Channel.CreateUnbounded<MultiplexedConnectionContext>();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly IMultiplexedConnectionListener _listener;
    private readonly Func<ConnectionContext, Task> _onStream;
    private readonly Task _accepting;

    private EchoServer(IMultiplexedConnectionListener listener, Func<ConnectionContext, Task> onStream)
    {
        _listener = listener;
        _onStream = onStream;
        _accepting = AcceptAsync();
    }

    public static PemCertificate Certificate => SharedCertificate.Value;

    public IMultiplexedConnectionListener Listener => _listener;

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    public int Port => ((IPEndPoint)_listener.EndPoint).Port;

    public static async Task<EchoServer> StartAsync(
        TestEngine engine,
        Func<ConnectionContext, Task>? onStream = null,
        Func<QuicListenerOptions, QuicListenerOptions>? configure = null,
        IPAddress? address = null)
    {
        var options = new QuicListenerOptions { Certificate = Certificate, ServerId = 7 };
        var listener = await engine.BindAsync(configure?.Invoke(options) ?? options, new IPEndPoint(address ?? IPAddress.IPv6Any, 0));
        return new EchoServer(listener, onStream ?? EchoAsync);
    }

    /// <summary>The next connection that the server accepted.</summary>
    public Task<MultiplexedConnectionContext> NextConnectionAsync()
        => _connections.Reader.ReadAsync().AsTask().Within("a connection to be accepted");

    public static async Task EchoAsync(ConnectionContext stream)
    {
        while (true)
        {
            var result = await stream.Transport.Input.ReadAsync();
            foreach (var segment in result.Buffer)
            {
                await stream.Transport.Output.WriteAsync(segment);
            }

            stream.Transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                await stream.Transport.Output.CompleteAsync();
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _accepting.Within("the server to stop accepting");
        await Task.WhenAll(_tasks).Within("the server's streams to end");
    }

    private async Task AcceptAsync()
    {
        while (await _listener.AcceptAsync() is { } connection)
        {
            _connections.Writer.TryWrite(connection);
            _tasks.Add(ServeAsync(connection));
        }
    }

    private async Task ServeAsync(MultiplexedConnectionContext connection)
    {
        while (await connection.AcceptAsync() is { } stream)
        {
            _tasks.Add(ServeAsync(stream));
        }

        await connection.DisposeAsync();
    }

    private async Task ServeAsync(ConnectionContext stream)
    {
        await using (stream)
        {
            try
            {
                await _onStream(stream);
            }
            catch (Exception e) when (e is QuicConnectionClosedException or QuicStreamAbortedException)
            {
                // The client ended it; what the client sees is what the test is about.
            }
        }
    }
}
