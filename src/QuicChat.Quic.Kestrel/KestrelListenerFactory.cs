using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;

namespace QuicChat.Quic.Kestrel;

/// <summary>Makes the UDP side of Kestrel's end points.</summary>
internal sealed class KestrelListenerFactory(IOptions<Ngtcp2QuicOptions> options, ILoggerFactory loggerFactory)
    : IMultiplexedConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <exception cref="AddressInUseException">The port is taken.</exception>
    /// <exception cref="IOException">
    /// The engine cannot run here, and the message names what to install; or an option makes no sense, and it names that. The inner exception is the reason.
    /// </exception>
    public ValueTask<IMultiplexedConnectionListener> BindAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return new(Bind(endpoint, features));
        }
        catch (Exception e) when (e is not (IOException or AddressInUseException))
        {
            // Kestrel takes all else for a system without IPv6 where it listens on any address, tries IPv4 alone, and reports that its own port is taken.
            throw new IOException(e.Message, e);
        }
    }

    private KestrelListener Bind(EndPoint endpoint, IFeatureCollection? features)
    {
        if (endpoint is not IPEndPoint address)
        {
            throw new NotSupportedException($"QUIC listens on an IP address and port, not on {endpoint}.");
        }

        if (features?.Get<TlsConnectionCallbackOptions>() is not { } tls)
        {
            throw new InvalidOperationException($"HTTP/3 needs TLS: call UseHttps for the end point {endpoint}, with a certificate.");
        }

        if (tls.ApplicationProtocols is not [var protocol])
        {
            throw new NotSupportedException(
                "The ngtcp2 engine negotiates one application protocol an end point, for HTTP/3 'h3'; "
                + $"{tls.ApplicationProtocols?.Count ?? 0} were given.");
        }

        NativeLibraries.EnsureLoaded();
        var wanted = options.Value;
        var listenerOptions = new QuicListenerOptions
        {
            // Chosen for each connection.
            Certificate = null,
            ApplicationProtocol = Encoding.ASCII.GetString(protocol.Protocol.Span),
            MaxBidirectionalStreams = wanted.MaxBidirectionalStreams,
            MaxUnidirectionalStreams = wanted.MaxUnidirectionalStreams,
            IdleTimeout = wanted.IdleTimeout,
            HandshakeTimeout = wanted.HandshakeTimeout,
            MigrationTimeout = wanted.MigrationTimeout,
            StreamReceiveWindow = wanted.StreamReceiveWindow,
            ConnectionReceiveWindow = wanted.ConnectionReceiveWindow,
        };
        OptionsCheck.Check(listenerOptions);
        var certificates = new CallbackCertificates(tls);
        return new KestrelListener(new Ngtcp2Listener(
            address, listenerOptions, certificates.ChooseAsync, loggerFactory.CreateLogger("QuicChat.Quic.Ngtcp2")));
    }
}
