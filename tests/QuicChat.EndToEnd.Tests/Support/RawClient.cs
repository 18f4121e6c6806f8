using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>A client that sends what frames a test likes on its control stream.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly MultiplexedConnectionContext _connection;
    private readonly ConnectionContext _control;

    private RawClient(MultiplexedConnectionContext connection, ConnectionContext control)
    {
        _connection = connection;
        _control = control;
    }

    public Task<ConnectionClosure> Closed => _connection.Features.Get<IConnectionCloseFeature>()!.Closed.WaitAsync(Limit);

    /// <exception cref="QuicConnectionClosedException">The gateway refuses the connection.</exception>
    public static async Task<RawClient> ConnectAsync(int port, string fingerprint)
    {
        var factory = QuicEngine.CreateConnectionFactory(QuicEngineKind.Auto, new QuicClientOptions { Trust = ServerTrust.Pinned.Parse(fingerprint) });
        var connection = await factory.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return new RawClient(connection, await connection.ConnectAsync());
    }

    public async Task SendAsync(ClientFrame frame)
    {
        FrameWriter.Write(_control.Transport.Output, frame);
        await _control.Transport.Output.FlushAsync();
    }

    public async Task<ServerFrame> ReceiveAsync()
    {
        while (true)
        {
            var result = await _control.Transport.Input.ReadAsync().AsTask().WaitAsync(Limit);
            var buffer = result.Buffer;
            if (FrameReader.TryReadServerFrame(ref buffer, out var frame))
            {
                _control.Transport.Input.AdvanceTo(buffer.Start);
                return frame;
            }

            _control.Transport.Input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                throw new EndOfStreamException("The control stream has ended.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
