using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>One client connection and the sockets and share of the thread that it owns.</summary>
internal sealed class ClientConnection : IDatagramHandler, IDatagramSender, IConnectionMigrationFeature
{
    private readonly TaskCompletionSource<MultiplexedConnectionContext> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly EventLoop _loop;
    private readonly ConnectionSettings _settings;
    private readonly UdpAddress[] _servers;
    private readonly ConnectionDriver _driver;
    private readonly SharedSocket? _shared;

    // The newest last. What comes late by the path before the current one is still taken.
    private readonly List<UdpSocket> _sockets;

    /// <param name="loop">The thread.</param>
    /// <param name="socket">Where the connection begins; it belongs to the connection from now on.</param>
    /// <param name="settings">How connections are.</param>
    /// <param name="servers">The server's addresses; the first is connected to.</param>
    /// <param name="logger">Takes the engine's log.</param>
    public ClientConnection(
        EventLoop loop, UdpSocket socket, ConnectionSettings settings, IEnumerable<IPEndPoint> servers, ILogger logger)
    {
        _loop = loop;
        _sockets = [socket];
        _settings = settings;
        _servers = [.. servers.Select(UdpAddress.From)];
        _driver = new ConnectionDriver(loop, this, logger, _ => Release());
        socket.Handler = this;
    }

    /// <param name="loop">The thread.</param>
    /// <param name="shared">Where the connection begins; a share of it belongs to the connection from now on.</param>
    /// <param name="settings">How connections are.</param>
    /// <param name="servers">The server's addresses; the first is connected to.</param>
    /// <param name="logger">Takes the engine's log.</param>
    public ClientConnection(
        EventLoop loop, SharedSocket shared, ConnectionSettings settings, IEnumerable<IPEndPoint> servers, ILogger logger)
    {
        _loop = loop;
        _shared = shared;
        _sockets = [shared.Socket];
        _settings = settings;
        _servers = [.. servers.Select(UdpAddress.From)];
        _driver = new ConnectionDriver(loop, this, logger, _ => Release());
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

    /// <inheritdoc />
    public async ValueTask MigrateAsync(IPEndPoint localAddress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(localAddress);
        localAddress = UdpAddress.From(localAddress).ToEndPoint();
        cancellationToken.ThrowIfCancellationRequested();
        var server = FindServer(UdpAddress.From(localAddress));
        var socket = UdpSocket.Connect(server.ToEndPoint(), localAddress);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = 0;
        _loop.Post(() =>
        {
            if (Interlocked.Exchange(ref isTaken, 1) == 0)
            {
                Move(socket, server, moved);
            }
        });
        await Task.WhenAny(moved.Task, _driver.Context.Closed).WaitAsync(cancellationToken);
        if (!moved.Task.IsCompleted && Interlocked.Exchange(ref isTaken, 1) == 0)
        {
            // The thread may have ended with its last connection.
            socket.Dispose();
        }

        await (moved.Task.IsCompleted ? moved.Task : throw new QuicConnectionClosedException(await _driver.Context.Closed));
    }

    // A server answers from the address that it was spoken to; what comes from elsewhere is not for this connection (RFC 9000, section 9).
    public void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (Array.IndexOf(_servers, path.Remote) >= 0)
        {
            _driver.OnDatagram(datagram, path, ecn, now);
        }
    }

    /// <summary>What came on a shared socket and may be a stateless reset, from the server of the current path.</summary>
    public void OnReset(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (_driver.Core is { IsClosed: false } core && core.CurrentPath == path)
        {
            _driver.OnDatagram(datagram, path, ecn, now);
        }
    }

    public int Send(ReadOnlySpan<byte> datagrams, int size, in FourTuple path, Ecn ecn, ConnectionDriver sender)
        => _loop.Send(Choose(path), datagrams, size, path, ecn, sender);

    private void Start()
    {
        try
        {
            if (_shared is null)
            {
                _loop.Add(_sockets[0]);
            }
            else
            {
                _shared.Add(_loop, _driver, this);
            }

            var path = new FourTuple(_sockets[0].AssumedLocal, _servers[0]);
            var context = new Ngtcp2ConnectionContext(_driver, path.ToPath(), _settings, c => _connected.TrySetResult(c), this);
            context.Failed = e => _connected.TrySetException(e);
            var core = ConnectionCore.Connect(path, _settings, _shared?.Ids ?? new ConnectionIdTable(new ClientConnectionIds()), _ => _loop.Wake(_driver), EventLoop.Now);
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

    private UdpSocket Choose(in FourTuple path)
    {
        foreach (var socket in _sockets)
        {
            if (socket.AssumedLocal == path.Local)
            {
                return socket;
            }
        }

        return _sockets[^1];
    }

    // A server of one family cannot be reached from the other, unless its name says where.
    private UdpAddress FindServer(UdpAddress local)
    {
        var current = UdpAddress.From(_driver.Context.CurrentPath.Remote);
        return current.IsIPv6 == local.IsIPv6
            ? current
            : Array.FindIndex(_servers, s => s.IsIPv6 == local.IsIPv6) is >= 0 and var index
                ? _servers[index]
                : throw new ArgumentException($"No {(local.IsIPv6 ? "IPv6" : "IPv4")} address of the server is known, so it cannot be reached from {local}.", nameof(local));
    }

    private void Move(UdpSocket socket, UdpAddress server, TaskCompletionSource moved)
    {
        socket.Handler = this;
        _loop.Add(socket);
        _sockets.Add(socket);
        var begins = _driver.Core.BeginMove(new FourTuple(socket.AssumedLocal, server), error =>
        {
            if (error is null)
            {
                // The one before has been the newest until now.
                Retire(_sockets[..^2]);
                moved.SetResult();
            }
            else
            {
                Retire([socket]);
                moved.SetException(error);
            }
        });
        if (!begins)
        {
            // The caller hears of the connection's end.
            Retire([socket]);
        }

        _loop.MakeReady(_driver);
    }

    private void Retire(IEnumerable<UdpSocket> sockets)
    {
        foreach (var socket in sockets)
        {
            if (_sockets.Remove(socket))
            {
                var isBlocked = socket.Blocked.Count > 0;
                if (socket != _shared?.Socket)
                {
                    _loop.Remove(socket);
                }

                if (isBlocked)
                {
                    _loop.MakeReady(_driver);
                }
            }
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
        _sockets.Where(socket => socket != _shared?.Socket).ToList().ForEach(_loop.Remove);
        _shared?.Release(_loop, _driver);
        ClientLoop.Release();
    }
}
