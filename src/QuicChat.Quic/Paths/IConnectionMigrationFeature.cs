using System.Net;

namespace QuicChat.Quic.Paths;

/// <summary>Active migration of a client's connection (RFC 9000, section 9.2).</summary>
public interface IConnectionMigrationFeature
{
    /// <summary>Moves the connection to <paramref name="localAddress"/> now; port 0 takes a free one.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not confirmed yet, or the connection has ended.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    ValueTask MigrateAsync(IPEndPoint localAddress, CancellationToken cancellationToken = default);
}
