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
internal sealed partial class Ngtcp2Listener : IMultiplexedConnectionListener, IDatagramHandler, IDatagramSender
{
    // RFC 9000, section 17.2.
    private const byte LongHeader = 0x80;

    // Connections that completed their handshake and were not accepted yet; more are refused.
    private const int Backlog = 1024;

    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly Channel<MultiplexedConnectionContext> _accepted =
        Channel.CreateBounded<MultiplexedConnectionContext>(new BoundedChannelOptions(Backlog) { SingleWriter = true });

    private readonly HashSet<ConnectionDriver> _connections = [];
    private readonly HandshakeLoad _load = new();
    private readonly ConnectionSettings _settings;
    private readonly ConnectionIdTable _ids;
    private readonly ServerPool? _pool;
    private readonly PoolConnectionIds? _poolIds;
    private readonly ServerLink? _link;
    private readonly Func<bool>? _admit;
    private readonly RetryPolicy _retry;
    private readonly AddressTokens _tokens;
    private readonly UdpSocket _socket;
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly RejectionLog _rejected;
    private readonly List<TaskCompletionSource> _waitingForEmpty = [];
    private volatile bool _unbound;
    private int _disposed;

    public Ngtcp2Listener(IPEndPoint endPoint, QuicListenerOptions options, ILogger logger)
        : this(endPoint, options, CredentialsHandle.ForServer(options.FixedCertificate), null, logger)
    {
    }

    /// <summary>Has the certificate chosen for each connection.</summary>
    public Ngtcp2Listener(IPEndPoint endPoint, QuicListenerOptions options, CertificateSelector certificates, ILogger logger)
        : this(endPoint, options, CredentialsHandle.Empty(), certificates, logger)
    {
    }

    private Ngtcp2Listener(
        IPEndPoint endPoint, QuicListenerOptions options, CredentialsHandle credentials, CertificateSelector? certificates, ILogger logger)
    {
        _logger = logger;
        _certificates = certificates;
        _pool = options.Pool;
        _poolIds = _pool is null ? null : new PoolConnectionIds(_pool);
        _admit = options.Admit;
        _retry = options.Retry;
        _tokens = new AddressTokens(_pool);
        _ids = new ConnectionIdTable(_poolIds ?? (ConnectionIds)new PlainConnectionIds(options.ServerId));
        _settings = new ConnectionSettings
        {
            Credentials = credentials,
            AsksForCredentials = certificates is not null,
            ApplicationProtocol = System.Text.Encoding.ASCII.GetBytes(options.ApplicationProtocol),
            IdleTimeout = options.IdleTimeout,
            HandshakeTimeout = options.HandshakeTimeout,
            KeepAliveInterval = options.KeepAliveInterval,
            MigrationTimeout = options.MigrationTimeout,
            StreamReceiveWindow = options.StreamReceiveWindow,
            ConnectionReceiveWindow = options.ConnectionReceiveWindow,
            MaxBidirectionalStreams = options.MaxBidirectionalStreams,
            MaxUnidirectionalStreams = options.MaxUnidirectionalStreams,
            MaxDatagramSize = _pool is null ? ConnectionCore.MaxDatagramSize : ServerPool.MaxDatagramSize,
            Pool = new PinnedBlockPool(),
            Tokens = _tokens,
            TicketKey = TicketKeyOf(_pool),
        };
        try
        {
            _socket = UdpSocket.Listen(endPoint);
            _socket.Handler = this;
            EndPoint = new IPEndPoint(endPoint.Address, _socket.LocalPort);
            _rejected = new RejectionLog(EndPoint, options.Rejections, logger);
            _link = _pool is null ? null : new ServerLink(_pool, _rejected, OnHandedOn, (datagram, in path) => _socket.TrySend(datagram, path));
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

    /// <summary>The thread of all connections.</summary>
    internal EventLoop Loop => _loop;

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

    public unsafe void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        // UDP carries empty datagrams too, of which ngtcp2 asserts that it is not shown any, and those of port 0, which is nobody's to answer to (RFC 768).
        if (datagram.IsEmpty || path.Remote.Port == 0)
        {
            Reject(RejectionReason.Malformed, path, now);
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
                        Deliver((ConnectionDriver)connection.Driver!, datagram, path, ecn, now);
                    }
                    else if ((datagram[0] & LongHeader) != 0)
                    {
                        Accept(datagram, path, ecn, now);
                    }
                    else
                    {
                        HandOn(datagram, id, path, now);
                    }

                    break;
                case Interop.Ngtcp2.ErrorVersionNegotiation:
                    Reject(RejectionReason.Version, path, now);
                    if (datagram.Length >= Interop.Ngtcp2.MaxUdpPayloadSize)
                    {
                        SendVersionNegotiation(header, path);
                    }

                    break;
                default:
                    Reject(RejectionReason.Malformed, path, now);
                    break;
            }
        }
    }

    private void Reject(RejectionReason reason, in FourTuple path, Instant now) => _rejected.Add(reason, path.Remote, now.Elapsed);

    private void Deliver(ConnectionDriver driver, ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (driver.OnDatagram(datagram, path, ecn, now) is { } reason)
        {
            Reject(reason, path, now);
        }
    }

    int IDatagramSender.Send(ReadOnlySpan<byte> datagrams, int size, in FourTuple path, Ecn ecn, ConnectionDriver sender)
    {
        if (path.Ingress == 0)
        {
            return _loop.Send(_socket, datagrams, size, path, ecn, sender);
        }

        for (var rest = datagrams; !rest.IsEmpty; rest = rest[Math.Min(size, rest.Length)..])
        {
            _link!.Return(rest[..Math.Min(size, rest.Length)], path);
        }

        return datagrams.Length;
    }

    private void OnHandshakeCompleted(ConnectionDriver driver, Ngtcp2ConnectionContext context)
    {
        driver.IsEstablished = true;
        _load.Complete();
        if (!_accepted.Writer.TryWrite(context))
        {
            // The application does not keep up, or is going away (RFC 9000, section 20.1: CONNECTION_REFUSED is for handshakes; this one is over).
            context.Close(0, "the server takes no connections now");
        }
    }

    private void OnEnded(ConnectionDriver driver)
    {
        _connections.Remove(driver);
        if (!driver.IsEstablished)
        {
            _load.Fail(EventLoop.Now.Elapsed);
        }

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
}
