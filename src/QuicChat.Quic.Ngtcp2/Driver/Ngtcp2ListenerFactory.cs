using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Driver;

internal sealed class Ngtcp2ListenerFactory(QuicListenerOptions options, ILoggerFactory loggerFactory) : IMultiplexedConnectionListenerFactory
{
    public ValueTask<IMultiplexedConnectionListener> BindAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return endpoint is IPEndPoint address
            ? new(new Ngtcp2Listener(address, options, loggerFactory.CreateLogger("QuicChat.Quic.Ngtcp2")))
            : throw new NotSupportedException($"QUIC listens on an IP address and port, not on {endpoint}.");
    }
}
