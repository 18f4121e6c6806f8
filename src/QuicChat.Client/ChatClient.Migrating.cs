using System.Net;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

// Moving to another network by the client's own will.
public sealed partial class ChatClient
{
    /// <summary>
    /// Moves the connection to another address of this machine, as from a mobile network to Wi-Fi (active migration, RFC 9000, section 9.2). The new path is validated
    /// first; until it is, the one before carries everything, so nothing waits, and where it fails nothing has happened.
    /// </summary>
    /// <param name="localAddress">The address. One of the other family needs a gateway whose name has an address of that family.</param>
    /// <param name="cancellationToken">Ends the waiting; the connection may still move.</param>
    /// <returns>Completes when the connection uses the address.</returns>
    /// <exception cref="ArgumentException">No address of the gateway is known that can be reached from there.</exception>
    /// <exception cref="InvalidOperationException">The handshake is not confirmed yet, or the server forbids migration.</exception>
    /// <exception cref="NotSupportedException">The QUIC engine cannot.</exception>
    /// <exception cref="PathValidationException">The new path does not work; the connection stays where it was.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">It is not an address of this machine, or has no way to the gateway.</exception>
    /// <exception cref="ChatClosedException">The connection has ended.</exception>
    public async Task MigrateAsync(IPAddress localAddress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(localAddress);
        var feature = _connection.Features.Get<IConnectionMigrationFeature>()
            ?? throw new NotSupportedException("This QUIC engine cannot migrate by itself; the ngtcp2 engine can.");
        try
        {
            await feature.MigrateAsync(new IPEndPoint(localAddress, 0), cancellationToken).ConfigureAwait(false);
        }
        catch (QuicConnectionClosedException e)
        {
            End(ChatCloseReason.From(e.Closure));
            throw new ChatClosedException(_reason!);
        }

        // What waited for the former path is asked for by the new one at once.
        _keepAlive?.NetworkChanged();
    }

    private Roaming? CreateRoaming()
        => _options is { NetworkPolicy: { } policy, LocalEndPoint: null } && _connection.Features.Get<IConnectionMigrationFeature>() is not null
            ? new Roaming(
                _options.LocalNetworks,
                policy,
                () => LocalEndPoint.Address,
                MigrateAsync,
                _options.TimeProvider,
                _logger,
                ConnectionId)
            : null;

    // All that is known of where the gateway is, for a move to the other family. The loopback addresses of both families are one machine's.
    private static IFeatureCollection Describe(IReadOnlyList<IPEndPoint> endPoints)
    {
        var loopback = endPoints.FirstOrDefault(endPoint => IPAddress.IsLoopback(endPoint.Address));
        var features = new FeatureCollection();
        features.Set<IServerEndPointsFeature>(new ServerEndPoints(loopback is null
            ? endPoints
            : [.. endPoints, new IPEndPoint(IPAddress.Loopback, loopback.Port), new IPEndPoint(IPAddress.IPv6Loopback, loopback.Port)]));
        return features;
    }

    private sealed record ServerEndPoints(IReadOnlyList<IPEndPoint> EndPoints) : IServerEndPointsFeature;
}
