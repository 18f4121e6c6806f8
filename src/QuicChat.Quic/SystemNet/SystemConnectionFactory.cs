using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>Opens client connections.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemConnectionFactory(QuicClientOptions options, ILoggerFactory loggerFactory) : IMultiplexedConnectionFactory
{
    private readonly ILogger _logger = loggerFactory.CreateLogger("QuicChat.Quic.SystemNet");

    public async ValueTask<MultiplexedConnectionContext> ConnectAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        => await HostLookup.ConnectAsync(endpoint, (address, _, token) => ConnectAsync(address, token), cancellationToken);

    private async Task<MultiplexedConnectionContext> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (options.LocalEndPoint is { } local)
        {
            LocalAddress.Check(local.Address);
        }

        var verifier = new ServerVerifier(options.Trust);
        var connecting = QuicConnection.ConnectAsync(
            new QuicClientConnectionOptions
            {
                RemoteEndPoint = PathWatch.Plain(remote),
                LocalEndPoint = options.LocalEndPoint,
                DefaultCloseErrorCode = 0,
                DefaultStreamErrorCode = 0,
                IdleTimeout = options.IdleTimeout,
                KeepAliveInterval = options.KeepAliveInterval,
                HandshakeTimeout = options.HandshakeTimeout,
                InitialReceiveWindowSizes = ReceiveWindows.Of(options.StreamReceiveWindow, options.ConnectionReceiveWindow),

                // Without any, System.Net.Quic does not tell when a connection ends.
                MaxInboundUnidirectionalStreams = Math.Max(options.MaxUnidirectionalStreams, 1),
                ClientAuthenticationOptions = new SslClientAuthenticationOptions
                {
                    ApplicationProtocols = [new SslApplicationProtocol(options.ApplicationProtocol)],
                    TargetHost = verifier.HostName,
                    RemoteCertificateValidationCallback = verifier.Verify,
                },
            },
            cancellationToken).AsTask();
        try
        {
            // What is cancelled is over at once; System.Net.Quic waits until it has taken leave of a server that may not be there.
            var quic = await connecting.WaitAsync(cancellationToken);
            var connection = new SystemConnection(
                quic, ConnectionId.Create(0), PathCapabilities.None, QuicDefaults.MigrationTimeout, options.MaxUnidirectionalStreams > 0,
                TimeProvider.System, _logger, ended: null);
            connection.Start();
            return connection;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = AbandonAsync(connecting);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (verifier.Problem is { } problem)
        {
            SystemEngineLog.HandshakeFailed(_logger, e.Message);
            throw new QuicConnectionClosedException(Closures.Untrusted(problem));
        }
        catch (Exception e) when (Closures.OfHandshake(e) is { } closure)
        {
            SystemEngineLog.HandshakeFailed(_logger, e.Message);
            throw new QuicConnectionClosedException(closure);
        }
    }

    // It may have come about after all.
    private async Task AbandonAsync(Task<QuicConnection> connecting)
    {
        try
        {
            await using var connection = await connecting.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            SystemEngineLog.HandshakeFailed(_logger, e.Message);
        }
    }
}
