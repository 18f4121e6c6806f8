using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Certificates;
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
    private const ulong InvalidToken = 0xb;

    // RFC 9000, section 17.2.
    private const byte LongHeader = 0x80;

    // 0 is Initial.
    private const byte PacketType = 0x30;

    // RFC 9000, section 10.3: the least that a packet could be; and enough to look like one.
    private const int ResetTokenLength = 16;
    private const int MinResetLength = 5 + ResetTokenLength;
    private const int MaxResetLength = 43;

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
    private readonly ResetLimit _resetLimit = new();
    private readonly Func<bool>? _admit;
    private readonly RetryPolicy _retry;
    private readonly AddressTokens _tokens;
    private readonly UdpSocket _socket;
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly RejectionLog _rejected;
    private readonly List<TaskCompletionSource> _waitingForEmpty = [];
    private readonly CertificateSelector? _certificates;
    private long _certificateProblemTold = long.MinValue / 2;

    // A handle is as long here as its certificate is somewhere.
    private readonly ConditionalWeakTable<PemCertificate, CredentialsHandle> _credentials = [];
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

    bool IDatagramSender.TrySend(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, ConnectionDriver sender)
    {
        if (path.Ingress == 0)
        {
            return _loop.TrySend(_socket, datagram, path, ecn, sender);
        }

        _link!.Return(datagram, path);
        return true;
    }

    // A client's new path may lead to another server of the pool than the connection's. Long headers belong to handshakes, which no path changes in.
    private void HandOn(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> id, in FourTuple path, Instant now)
    {
        switch (_poolIds?.Find(id))
        {
            case { IsOfFormerLife: true }:
                SendReset(datagram.Length, id, path, now);
                break;
            case { Server: not 0 and var server } when server != _pool!.View?.ServerId && _link!.TryHandOn(datagram, path, server):
                break;
            default:
                Reject(RejectionReason.UnknownConnection, path, now);
                break;
        }
    }

    // A server that was started again tells the clients of its former life at once that their connections are gone (RFC 9000, section 10.3). What this life has ended it
    // has ended with words, and what it has retired may still be on its way for a connection that lives.
    private unsafe void SendReset(int received, ReadOnlySpan<byte> id, in FourTuple path, Instant now)
    {
        // Shorter than what it answers, so that two ends that know nothing of each other fall silent.
        var length = Math.Min(received - 1, MaxResetLength);
        if (length < MinResetLength)
        {
            Reject(RejectionReason.UnknownConnection, path, now);
            return;
        }

        if (!_resetLimit.TryTake(now.Elapsed))
        {
            Reject(RejectionReason.ResetLimit, path, now);
            return;
        }

        Reject(RejectionReason.FormerLife, path, now);

        var packet = _loop.SendBuffer[..length];
        RandomNumberGenerator.Fill(packet);
        packet[0] = (byte)((packet[0] & 0x3f) | 0x40);
        var cid = Interop.Ngtcp2.Cid.From(id);
        var key = _poolIds!.ResetKey(id);
        fixed (byte* token = packet[^ResetTokenLength..])
        fixed (byte* secret = key)
        {
            if (Interop.Ngtcp2.GenerateStatelessResetToken(token, secret, (nuint)key.Length, &cid) != 0)
            {
                return;
            }
        }

        if (path.Ingress == 0)
        {
            _ = _socket.TrySend(packet, path);
        }
        else
        {
            _link!.Return(packet, path);
        }
    }

    // A short header holds the destination ID alone (RFC 9000, section 17.3).
    private bool TryReadId(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> id)
    {
        var isShort = datagram.Length > _ids.Ids.Length && (datagram[0] & LongHeader) == 0;
        id = isShort ? datagram.Slice(1, _ids.Ids.Length) : default;
        return isShort;
    }

    // What another server handed on. The link tells nothing of congestion, and validation finds that out (RFC 9000, section 13.4.2).
    private void OnHandedOn(ReadOnlySpan<byte> datagram, in FourTuple path, Instant now)
    {
        if (!TryReadId(datagram, out var id))
        {
            Reject(RejectionReason.Link, path, now);
        }
        else if (_ids.Find(id) is { } connection)
        {
            _pool!.CountTaken();
            Deliver((ConnectionDriver)connection.Driver!, datagram, path, Ecn.NotCapable, now);
        }
        else if (_poolIds!.Find(id).IsOfFormerLife)
        {
            SendReset(datagram.Length, id, path, now);
        }
        else
        {
            // One hop at most: it is not handed on again.
            Reject(RejectionReason.Link, path, now);
        }
    }

    private unsafe void Accept(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (_load.IsFull)
        {
            Reject(RejectionReason.HandshakeLimit, path, now);
            return;
        }

        fixed (byte* data = datagram)
        {
            Interop.Ngtcp2.PacketHeader header;
            if (Interop.Ngtcp2.Accept(&header, data, (nuint)datagram.Length) != 0 || header.Dcid.DataLength < Interop.Ngtcp2.MinInitialDcidLength)
            {
                // What is not a first packet follows one of a connection that is gone, or was never here.
                Reject((datagram[0] & PacketType) == 0 ? RejectionReason.Malformed : RejectionReason.UnknownConnection, path, now);
                return;
            }

            if (Accept(header, path, now) is not { } driver)
            {
                return;
            }

            _connections.Add(driver);
            _load.Begin();
            switch (driver.OnDatagram(datagram, path, ecn, now))
            {
                case RejectionReason.Unproven when _retry != RetryPolicy.Never:
                    SendRetry(header, path, now);
                    break;
                case { } reason:
                    Reject(reason, path, now);
                    break;
            }
        }
    }

    // A first packet begins a connection, or is answered at once and forgotten.
    private ConnectionDriver? Accept(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, Instant now)
    {
        try
        {
            if (_unbound || _pool is { View: null })
            {
                Reject(RejectionReason.NotAdmitted, path, now);
                Refuse(header, path, ConnectionRefused);
                return null;
            }

            // Before the application is asked, so that forged addresses do not use up what it lets in.
            var proof = _tokens.Check(header, path.Remote, now);
            if (proof.Kind == AddressProofKind.Invalid)
            {
                Reject(RejectionReason.InvalidToken, path, now);
                Refuse(header, path, InvalidToken);
                return null;
            }

            if (proof.Kind == AddressProofKind.None && AsksForProof(now))
            {
                SendRetry(header, path, now);
                return null;
            }

            if (_admit?.Invoke() == false)
            {
                Reject(RejectionReason.NotAdmitted, path, now);
                Refuse(header, path, ConnectionRefused);
                return null;
            }

            var driver = new ConnectionDriver(_loop, this, _logger, OnEnded);
            var core = ConnectionCore.Accept(header, path, _settings, _ids, _ => _loop.Wake(driver), now, proof);
            core.Driver = driver;
            var context = new Ngtcp2ConnectionContext(driver, path.ToPath(), _settings, c => OnHandshakeCompleted(driver, c));
            context.Greeted = _certificates is null ? null : name => _ = ChooseCertificateAsync(core, context, name);
            driver.Attach(core, context);
            return driver;
        }
        catch (Exception e)
        {
            // One client that cannot be served must not end the thread of all others.
            EngineLog.AcceptFailed(_logger, path.Remote.ToString(), e);
            return null;
        }
    }

    // The newest secret's: a server that does not know it yet makes no use of the ticket.
    private static Func<ReadOnlyMemory<byte>> TicketKeyOf(ServerPool? pool)
    {
        if (pool is not null)
        {
            return () => pool.View is { } view ? view.Secrets[0].TicketKey : default;
        }

        ReadOnlyMemory<byte> key = RandomNumberGenerator.GetBytes(Gnutls.SessionTicketKeyLength);
        return () => key;
    }

    private bool AsksForProof(Instant now) => _retry switch
    {
        RetryPolicy.Always => true,
        RetryPolicy.Never => false,
        _ => _load.IsHigh(now.Elapsed),
    };

    // It is smaller than what it answers, so a forged address is sent less than it costs (RFC 9000, section 8.1).
    private void SendRetry(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, Instant now)
    {
        Reject(RejectionReason.Unproven, path, now);
        Span<byte> scid = stackalloc byte[_ids.Ids.Length];
        _ids.Ids.Mint(scid);
        var buffer = _loop.SendBuffer;
        if (_tokens.WriteRetry(buffer, header, path.Remote, scid, now) is > 0 and var length)
        {
            _ = _socket.TrySend(buffer[..length], path);
        }
    }

    private async Task ChooseCertificateAsync(ConnectionCore core, Ngtcp2ConnectionContext context, string serverName)
    {
        try
        {
            // The application's code must not run on the thread of all connections.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var certificate = await _certificates!(serverName, context, context.ConnectionClosed).ConfigureAwait(false);
            core.Continue(_credentials.GetValue(certificate, CredentialsHandle.ForServer));
        }
        catch (OperationCanceledException) when (context.ConnectionClosed.IsCancellationRequested)
        {
            // The client has gone away meanwhile.
        }
        catch (Exception e)
        {
            LogCertificateUnavailable(core, serverName, e);
            core.Refuse("the server has no certificate for this name");
        }
    }

    // Anyone can ask for names that are not there, as often as they like: one a second is told.
    private void LogCertificateUnavailable(ConnectionCore core, string serverName, Exception exception)
    {
        var now = Environment.TickCount64;
        var told = Interlocked.Read(ref _certificateProblemTold);
        if (now - told >= 1_000 && Interlocked.CompareExchange(ref _certificateProblemTold, now, told) == told)
        {
            EngineLog.CertificateUnavailable(_logger, core.Id, serverName, exception);
        }
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

    // So that a client tries elsewhere at once, and not when its handshake times out.
    private unsafe void Refuse(in Interop.Ngtcp2.PacketHeader header, in FourTuple path, ulong error)
    {
        var buffer = _loop.SendBuffer;
        var (dcid, scid) = (header.Scid, header.Dcid);
        fixed (byte* destination = buffer)
        {
            var length = Interop.Ngtcp2.WriteInitialConnectionClose(
                destination, (nuint)buffer.Length, header.Version, &dcid, &scid, error, null, 0);
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
