using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>A server's end point: one socket, one thread, many connections.</summary>
internal sealed class Ngtcp2Listener : IMultiplexedConnectionListener, IDatagramHandler, IDatagramSender
{
    // RFC 9000, section 20.1.
    private const ulong ConnectionRefused = 2;

    // RFC 9000, section 17.2.
    private const byte LongHeader = 0x80;

    // Connections that completed their handshake and were not accepted yet; more are refused.
    private const int Backlog = 1024;

    // Handshakes under way; above it first packets are dropped, and real clients send theirs again. Each costs about 40 KiB until it completes or its time is up.
    private const int MaxHandshakes = 4096;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly Channel<MultiplexedConnectionContext> _accepted =
        Channel.CreateBounded<MultiplexedConnectionContext>(new BoundedChannelOptions(Backlog) { SingleWriter = true });

    private readonly HashSet<ConnectionDriver> _connections = [];
    private int _handshakes;
    private readonly ConnectionSettings _settings;
    private readonly ConnectionIdTable _ids;
    private readonly ServerPool? _pool;
    private readonly PoolConnectionIds? _poolIds;
    private readonly ServerLink? _link;
    private readonly Func<bool>? _admit;
    private readonly UdpSocket _socket;
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly List<TaskCompletionSource> _waitingForEmpty = [];
    private volatile bool _unbound;
    private int _disposed;

    public Ngtcp2Listener(IPEndPoint endPoint, QuicListenerOptions options, ILogger logger)
    {
        _logger = logger;
        _pool = options.Pool;
        _poolIds = _pool is null ? null : new PoolConnectionIds(_pool);
        _admit = options.Admit;
        _ids = new ConnectionIdTable(_poolIds ?? (ConnectionIds)new PlainConnectionIds(options.ServerId));
        _settings = new ConnectionSettings
        {
            Credentials = CredentialsHandle.ForServer(options.Certificate),
            ApplicationProtocol = System.Text.Encoding.ASCII.GetBytes(options.ApplicationProtocol),
            IdleTimeout = options.IdleTimeout,
            HandshakeTimeout = options.HandshakeTimeout,
            KeepAliveInterval = options.KeepAliveInterval,
            MigrationTimeout = options.MigrationTimeout,
            StreamReceiveWindow = options.StreamReceiveWindow,
            ConnectionReceiveWindow = options.ConnectionReceiveWindow,
            MaxBidirectionalStreams = options.MaxBidirectionalStreams,
            MaxDatagramSize = _pool is null ? ConnectionCore.MaxDatagramSize : ServerPool.MaxDatagramSize,
            Pool = new PinnedBlockPool(),
        };
        try
        {
            _socket = UdpSocket.Listen(endPoint);
            _socket.Handler = this;
            _link = _pool is null ? null : new ServerLink(_pool, OnHandedOn, (datagram, in path) => _socket.TrySend(datagram, path));
            EndPoint = new IPEndPoint(endPoint.Address, _socket.LocalPort);
            _loop = new EventLoop($"quic {EndPoint}", logger);
        }
        catch
        {
            _socket?.Dispose();
            _link?.Socket.Dispose();
            _settings.Credentials.Dispose();
            throw;
        }

        _loop.Post(() =>
        {
            _loop.Add(_socket);
            if (_link is not null)
            {
                _loop.Add(_link.Socket);
            }
        });
    }

    public EndPoint EndPoint { get; }

    /// <summary>Pinned blocks in use by all connections.</summary>
    internal int RentedBlocks => _settings.Pool.Rented;

    /// <summary>Wire connection IDs in use.</summary>
    internal int ConnectionIds => _ids.Count;

    public async ValueTask<MultiplexedConnectionContext?> AcceptAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _accepted.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>Completes when no connection is left, not even one in its closing period.</summary>
    internal Task WhenEmptyAsync()
    {
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            _waitingForEmpty.Add(empty);
            SignalIfEmpty();
        });
        return empty.Task;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _unbound = true;
        _accepted.Writer.TryComplete();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await UnbindAsync();
        _loop.Post(() =>
        {
            foreach (var connection in _connections)
            {
                connection.Core.RequestClose(0, "");
            }
        });
        await Task.WhenAny(WhenEmptyAsync(), Task.Delay(CloseGrace));
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            foreach (var connection in _connections.ToArray())
            {
                connection.Core.Abandon(new ConnectionClosure(ConnectionCloseOrigin.Local, null, null, "the listener was disposed"));
                connection.TakeTurn(EventLoop.Now);
            }

            _loop.Remove(_socket);
            if (_link is not null)
            {
                _loop.Remove(_link.Socket);
                _link.Dispose();
            }

            _poolIds?.Dispose();
            stopped.SetResult();
        });
        await stopped.Task;
        await Task.Run(_loop.Dispose);
        while (_accepted.Reader.TryRead(out var connection))
        {
            await connection.DisposeAsync();
        }

        _settings.Credentials.Dispose();
        _settings.Pool.Dispose();
    }

    public unsafe void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        // UDP carries empty datagrams too; ngtcp2 asserts that it is not shown any.
        if (datagram.IsEmpty)
        {
            return;
        }

        fixed (byte* data = datagram)
        {
            Interop.Ngtcp2.VersionCid header;
            switch (Interop.Ngtcp2.DecodeVersionCid(&header, data, (nuint)datagram.Length, (nuint)_ids.Ids.Length))
            {
                case 0:
                    var id = new ReadOnlySpan<byte>(header.Dcid, (int)header.DcidLength);
                    if (_ids.Find(id) is { } connection)
                    {
                        ((ConnectionDriver)connection.Driver!).OnDatagram(datagram, path, now);
                    }
                    else if ((datagram[0] & LongHeader) != 0)
                    {
                        Accept(datagram, path, now);
                    }
                    else
                    {
                        HandOn(datagram, id, path);
                    }

                    break;
                case Interop.Ngtcp2.ErrorVersionNegotiation when datagram.Length >= Interop.Ngtcp2.MaxUdpPayloadSize:
                    SendVersionNegotiation(header, path);
                    break;
            }
        }
    }

    bool IDatagramSender.TrySend(ReadOnlySpan<byte> datagram, in FourTuple path, ConnectionDriver sender)
    {
        if (path.Ingress == 0)
        {
            return _loop.TrySend(_socket, datagram, path, sender);
        }

        _link!.Return(datagram, path);
        return true;
    }

    // A client's new path may lead to another server of the pool than the connection's. Long headers belong to handshakes, which no path changes in.
    private void HandOn(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> id, in FourTuple path)
    {
        if (_poolIds?.FindServer(id) is { } server and not 0 && server != _poolIds.ServerId)
        {
            _link!.HandOn(datagram, path, server);
        }
    }

    // What another server handed on.
    private unsafe void OnHandedOn(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        Interop.Ngtcp2.VersionCid header;
        fixed (byte* data = datagram)
        {
            if (!datagram.IsEmpty
                && (datagram[0] & LongHeader) == 0
                && Interop.Ngtcp2.DecodeVersionCid(&header, data, (nuint)datagram.Length, (nuint)_ids.Ids.Length) == 0
                && _ids.Find(new ReadOnlySpan<byte>(header.Dcid, (int)header.DcidLength)) is { } connection)
            {
                _pool!.CountTaken();
                ((ConnectionDriver)connection.Driver!).OnDatagram(datagram, path, now);
                return;
            }
        }

        _pool!.CountRejected();
    }

    private unsafe void Accept(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        if (_handshakes >= MaxHandshakes || _pool is { View: null })
        {
            return;
        }

        Interop.Ngtcp2.PacketHeader header;
        fixed (byte* data = datagram)
        {
            if (Interop.Ngtcp2.Accept(&header, data, (nuint)datagram.Length) != 0)
            {
                return;
            }
        }

        ConnectionDriver? driver = null;
        try
        {
            if (_unbound || _admit?.Invoke() == false)
            {
                Refuse(header, path);
                return;
            }

            driver = new ConnectionDriver(_loop, this, _logger, OnEnded);
            var owner = driver;
            var core = ConnectionCore.Accept(header, path, _settings, _ids, _ => _loop.Wake(owner), now);
            core.Driver = driver;
            driver.Attach(core, new Ngtcp2ConnectionContext(driver, path.ToPath(), _settings, c => OnHandshakeCompleted(owner, c)));
        }
        catch (Exception e)
        {
            // One client that cannot be served must not end the thread of all others.
            EngineLog.AcceptFailed(_logger, path.Remote.ToString(), e);
            return;
        }

        _connections.Add(driver);
        _handshakes++;
        driver.OnDatagram(datagram, path, now);
    }

    private void OnHandshakeCompleted(ConnectionDriver driver, Ngtcp2ConnectionContext context)
    {
        driver.IsEstablished = true;
        _handshakes--;
        if (!_accepted.Writer.TryWrite(context))
        {
            // The application does not keep up, or is going away (RFC 9000, section 20.1: CONNECTION_REFUSED is for handshakes; this one is over).
            context.Close(0, "the server takes no connections now");
        }
    }

    private void OnEnded(ConnectionDriver driver)
    {
        _connections.Remove(driver);
        _handshakes -= driver.IsEstablished ? 0 : 1;
        SignalIfEmpty();
    }

    private void SignalIfEmpty()
    {
        if (_connections.Count == 0)
        {
            _waitingForEmpty.ForEach(waiting => waiting.SetResult());
            _waitingForEmpty.Clear();
        }
    }

    // So that a client tries elsewhere at once, and not when its handshake times out.
    private unsafe void Refuse(in Interop.Ngtcp2.PacketHeader header, in FourTuple path)
    {
        var buffer = _loop.SendBuffer;
        var (dcid, scid) = (header.Scid, header.Dcid);
        fixed (byte* destination = buffer)
        {
            var length = Interop.Ngtcp2.WriteInitialConnectionClose(
                destination, (nuint)buffer.Length, header.Version, &dcid, &scid, ConnectionRefused, null, 0);
            if (length > 0)
            {
                _ = _socket.TrySend(buffer[..(int)length], path);
            }
        }
    }

    private unsafe void SendVersionNegotiation(in Interop.Ngtcp2.VersionCid header, in FourTuple path)
    {
        // A reserved version keeps clients used to versions that they do not know (RFC 9000, section 6.3).
        const uint Reserved = 0x1a2a3a4a;
        var buffer = _loop.SendBuffer;
        var versions = stackalloc uint[] { Reserved, Interop.Ngtcp2.ProtocolVersion1 };
        fixed (byte* destination = buffer)
        {
            var length = Interop.Ngtcp2.WriteVersionNegotiation(
                destination, (nuint)buffer.Length, (byte)Random.Shared.Next(256), header.Scid, header.ScidLength, header.Dcid, header.DcidLength, versions, 2);
            if (length > 0)
            {
                _ = _socket.TrySend(buffer[..(int)length], path);
            }
        }
    }
}
