using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Opens client connections, each on a socket of its own unless they share a pool, all on one thread.</summary>
internal sealed class Ngtcp2ConnectionFactory(QuicClientOptions options, ILoggerFactory loggerFactory) : IMultiplexedConnectionFactory
{
    private readonly ILogger _logger = loggerFactory.CreateLogger("QuicChat.Quic.Ngtcp2");

    // A system's store has a hundred authorities and more, which are not read for each connection. Where they cannot be read, the next connection tries again. Connections keep
    // the native memory for as long as they need it, and nobody disposes of a factory.
    private readonly Lazy<CredentialsHandle> _credentials = new(() => CredentialsHandle.ForClient(options.Trust), LazyThreadSafetyMode.PublicationOnly);

    public async ValueTask<MultiplexedConnectionContext> ConnectAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        => await HostLookup.ConnectAsync(
            endpoint,
            (address, others, token) => ConnectAsync(endpoint, address, [.. others, .. features?.Get<IServerEndPointsFeature>()?.EndPoints ?? []], token),
            cancellationToken);

    private async Task<MultiplexedConnectionContext> ConnectAsync(
        EndPoint server, IPEndPoint remote, IEnumerable<IPEndPoint> others, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var credentials = _credentials.Value;
        var settings = new ConnectionSettings
        {
            Credentials = credentials,
            ApplicationProtocol = System.Text.Encoding.ASCII.GetBytes(options.ApplicationProtocol),
            IdleTimeout = options.IdleTimeout,
            HandshakeTimeout = options.HandshakeTimeout,
            KeepAliveInterval = options.KeepAliveInterval,
            MigrationTimeout = QuicDefaults.MigrationTimeout,
            StreamReceiveWindow = options.StreamReceiveWindow,
            ConnectionReceiveWindow = options.ConnectionReceiveWindow,
            MaxBidirectionalStreams = 0,
            MaxUnidirectionalStreams = options.MaxUnidirectionalStreams,
            Pool = ClientLoop.Pool,
            Trust = options.Trust,
            Memory = options.Resumption is { } cache ? new ServerMemory(cache, Key(server, credentials)) : null,
        };
        return await Begin(remote, settings, [remote, .. others]).ConnectAsync(cancellationToken);
    }

    // Nothing between may fail that leaves a socket or a share of the thread behind.
    private ClientConnection Begin(IPEndPoint remote, ConnectionSettings settings, IEnumerable<IPEndPoint> servers)
    {
        if (options.SocketPool is { } pool)
        {
            var loop = ClientLoop.Acquire(_logger);
            try
            {
                return new ClientConnection(loop, SharedSockets.Of(pool).Take(remote), settings, servers, _logger);
            }
            catch
            {
                ClientLoop.Release();
                throw;
            }
        }

        var socket = UdpSocket.Connect(remote, options.LocalEndPoint);
        return new ClientConnection(ClientLoop.Acquire(_logger), socket, settings, servers, _logger);
    }

    // All addresses of a name are one server's.
    private ResumptionKey Key(EndPoint server, CredentialsHandle credentials) => new(
        server is DnsEndPoint name ? $"{name.Host.ToLowerInvariant()}:{name.Port}" : server.ToString()!,
        options.ApplicationProtocol,
        options.Trust is ServerTrust.Pinned pinned
            ? $"pinned {Convert.ToHexStringLower(pinned.Sha256.Span)}"
            : $"{credentials.Authorities} {options.Trust.Host}");
}
