using System.Net;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.SystemNet;

/// <summary>Makes listeners.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemListenerFactory(QuicListenerOptions options, ILoggerFactory loggerFactory) : IMultiplexedConnectionListenerFactory
{
    private readonly ILogger _logger = loggerFactory.CreateLogger("QuicChat.Quic.SystemNet");

    public async ValueTask<IMultiplexedConnectionListener> BindAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return endpoint is IPEndPoint address
            ? await SystemListener.BindAsync(address, options, TimeProvider.System, _logger, cancellationToken)
            : throw new NotSupportedException($"QUIC listens on an IP address and port, not on {endpoint}.");
    }
}
