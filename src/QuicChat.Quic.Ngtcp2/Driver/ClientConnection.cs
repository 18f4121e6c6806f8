using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>One client connection and the socket, credentials and share of the thread that it owns.</summary>
internal sealed class ClientConnection : IDatagramHandler
{
    private readonly TaskCompletionSource<MultiplexedConnectionContext> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EventLoop _loop;
    private readonly UdpSocket _socket;
    private readonly CredentialsHandle _credentials;
    private readonly ConnectionSettings _settings;
    private readonly UdpAddress _remote;
    private readonly ConnectionDriver _driver;

    public ClientConnection(
        EventLoop loop, UdpSocket socket, CredentialsHandle credentials, ConnectionSettings settings, IPEndPoint remote, ILogger logger)
    {
        _loop = loop;
        _socket = socket;
        _credentials = credentials;
        _settings = settings;
        _remote = UdpAddress.From(remote);
        _driver = new ConnectionDriver(loop, socket, logger, _ => Release());
        socket.Handler = this;
    }

    /// <summary>Completes the handshake.</summary>
    /// <exception cref="QuicConnectionClosedException">It failed.</exception>
    public async Task<MultiplexedConnectionContext> ConnectAsync(CancellationToken cancellationToken)
    {
        _loop.Post(Start);
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((ClientConnection)state!).Cancel(token), this);
        return await _connected.Task;
    }

    // A server answers from the address that it was spoken to; what comes from elsewhere is not for this connection (RFC 9000, section 9).
    public void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        if (path.Remote == _remote)
        {
            _driver.OnDatagram(datagram, path, now);
        }
    }

    private void Start()
    {
        try
        {
            _loop.Add(_socket);
            var path = new FourTuple(_socket.AssumedLocal, _remote);
            var context = new Ngtcp2ConnectionContext(_driver, path.ToPath(), _settings, c => _connected.TrySetResult(c));
            context.Failed = e => _connected.TrySetException(e);
            var core = ConnectionCore.Connect(path, _settings, new ConnectionIdTable(serverId: null), _ => _loop.Wake(_driver), EventLoop.Now);
            core.Driver = _driver;
            _driver.Attach(core, context);
            _loop.MakeReady(_driver);
        }
        catch (Exception e)
        {
            Release();
            _connected.TrySetException(e);
        }
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (_connected.TrySetCanceled(cancellationToken))
        {
            _loop.Post(() =>
            {
                if (_driver.Core is { } core)
                {
                    core.RequestClose(0, "cancelled");
                }
            });
        }
    }

    private void Release()
    {
        _loop.Remove(_socket);
        _credentials.Dispose();
        ClientLoop.Release();
    }
}
