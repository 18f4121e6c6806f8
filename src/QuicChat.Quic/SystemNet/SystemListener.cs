using System.Collections.Concurrent;
using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using QuicListenerOptions = QuicChat.Quic.Engines.QuicListenerOptions;

namespace QuicChat.Quic.SystemNet;

/// <summary>A server's end point: one port, many connections, and one sweep that watches all their paths.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemListener : IMultiplexedConnectionListener
{
    // Connections that completed their handshake and were not accepted yet; more are closed.
    private const int Backlog = 1024;

    // Handshakes under way; MsQuic refuses more.
    private const int MaxHandshakes = 4096;
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);

    private readonly Channel<MultiplexedConnectionContext> _accepted =
        Channel.CreateBounded<MultiplexedConnectionContext>(new BoundedChannelOptions(Backlog) { SingleWriter = true });

    private readonly ConcurrentDictionary<SystemConnection, object?> _connections = new();
    private readonly QuicListenerOptions _options;
    private readonly QuicServerConnectionOptions _connectionOptions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PathSweep _sweep;
    private QuicListener _quic = null!;
    private Task _accepting = Task.CompletedTask;
    private volatile bool _unbound;
    private int _disposed;

    private SystemListener(QuicListenerOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _connectionOptions = new QuicServerConnectionOptions
        {
            DefaultCloseErrorCode = 0,
            DefaultStreamErrorCode = 0,
            IdleTimeout = options.IdleTimeout,
            KeepAliveInterval = options.KeepAliveInterval,
            HandshakeTimeout = options.HandshakeTimeout,
            InitialReceiveWindowSizes = ReceiveWindows.Of(options.StreamReceiveWindow, options.ConnectionReceiveWindow),
            MaxInboundBidirectionalStreams = options.MaxBidirectionalStreams,
            MaxInboundUnidirectionalStreams = Math.Max(options.MaxUnidirectionalStreams, options.MaxBidirectionalStreams == 0 ? 1 : 0),
            ServerAuthenticationOptions = new SslServerAuthenticationOptions
            {
                ApplicationProtocols = [new SslApplicationProtocol(options.ApplicationProtocol)],
                ServerCertificateContext = ServerCertificate.Load(options.FixedCertificate),
            },
        };
        _sweep = new PathSweep(time);
    }

    public EndPoint EndPoint { get; private set; } = null!;

    /// <summary>Connections that have not ended.</summary>
    internal int ConnectionCount => _connections.Count;

    /// <summary>Binds the port, and begins to take connections.</summary>
    /// <exception cref="AddressInUseException">The port is taken.</exception>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static async Task<SystemListener> BindAsync(
        IPEndPoint endPoint, QuicListenerOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var listener = new SystemListener(options, time, logger);
        try
        {
            LocalAddress.Check(endPoint.Address);
            listener._quic = await QuicListener.ListenAsync(
                new System.Net.Quic.QuicListenerOptions
                {
                    ListenEndPoint = endPoint,
                    ListenBacklog = MaxHandshakes,
                    ApplicationProtocols = [new SslApplicationProtocol(options.ApplicationProtocol)],
                    ConnectionOptionsCallback = (_, _, _) => listener.Admit(),
                },
                cancellationToken);
        }
        catch (Exception e)
        {
            listener._sweep.Dispose();
            switch (e)
            {
                case SocketException socket:
                    throw ListenFailure.Explain(endPoint, socket);
                case QuicException { QuicError: QuicError.AlpnInUse }:
                    throw ListenFailure.Taken(endPoint, e);
                default:
                    throw;
            }
        }

        listener.EndPoint = new IPEndPoint(endPoint.Address, listener._quic.LocalEndPoint.Port);
        listener._accepting = listener.AcceptConnectionsAsync();
        return listener;
    }

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

    /// <summary>Refuses new connections from now on. The port stays bound, so that those who come are told and need not wait.</summary>
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
        _sweep.Dispose();
        await _quic.DisposeAsync();
        await _accepting;
        var ending = _connections.Keys.Select(connection => connection.DisposeAsync().AsTask()).ToArray();
        await Task.WhenAny(Task.WhenAll(ending), Task.Delay(CloseGrace, _time));
    }

    // Only here can a connection be refused: after its first packet and before its handshake. The client hears of it as the TLS alert
    // user_canceled.
    private ValueTask<QuicServerConnectionOptions> Admit()
        => !_unbound && _options.Pool is not { View: null } && _options.Admit?.Invoke() != false
            ? new(_connectionOptions)
            : throw new OperationCanceledException("The server takes no connections now.");

    private async Task AcceptConnectionsAsync()
    {
        while (true)
        {
            try
            {
                Accept(await _quic.AcceptConnectionAsync().ConfigureAwait(false));
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (QuicException e) when (e.QuicError == QuicError.OperationAborted && _disposed != 0)
            {
                return;
            }
            catch (Exception e)
            {
                // One client that could not be served; the next one can.
                SystemEngineLog.HandshakeFailed(_logger, e.Message);
            }
        }
    }

    private void Accept(QuicConnection quic)
    {
        var connection = new SystemConnection(
            quic, ConnectionId.Create(_options.Pool?.View?.ServerId ?? _options.ServerId), PathCapabilities.Detection, _options.MigrationTimeout,
            takesUnidirectional: _options.MaxUnidirectionalStreams > 0, _time, _logger, Forget);
        _connections.TryAdd(connection, null);
        _sweep.Add(connection);
        connection.Start();
        if (!_accepted.Writer.TryWrite(connection))
        {
            // The application does not keep up, or is going away.
            connection.Close(0, "the server takes no connections now");
        }
    }

    private void Forget(SystemConnection connection)
    {
        _sweep.Remove(connection);
        _connections.TryRemove(connection, out _);
    }
}
