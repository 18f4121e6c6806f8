using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Kestrel;

/// <summary>The UDP side of an end point of Kestrel's.</summary>
internal sealed class KestrelListener(Ngtcp2Listener inner) : IMultiplexedConnectionListener
{
    public EndPoint EndPoint => inner.EndPoint;

    /// <summary>The engine's listener.</summary>
    public Ngtcp2Listener Inner => inner;

    public async ValueTask<MultiplexedConnectionContext?> AcceptAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        => await inner.AcceptAsync(features, cancellationToken) is { } connection ? KestrelConnection.Of(connection) : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
