using System.Net;

namespace QuicChat.Quic.Paths;

/// <summary>Active migration of a client's connection (RFC 9000, section 9.2).</summary>
public interface IConnectionMigrationFeature
{
    /// <summary>
    /// Moves the connection to <paramref name="localAddress"/>; port 0 takes a free one. The new path is validated first, and until it is, the one before carries
    /// everything: so where the move fails, nothing has happened, and where it succeeds, nothing has waited. A move under way is given up for this one.
    /// </summary>
    /// <param name="localAddress">An address of this machine. One of the other family than the connection's needs an address of the server's of that family.</param>
    /// <param name="cancellationToken">Ends the waiting; the connection may still move.</param>
    /// <returns>Completes when datagrams go out from there.</returns>
    /// <exception cref="ArgumentException">No address of the server is known that can be reached from there.</exception>
    /// <exception cref="InvalidOperationException">The handshake is not confirmed yet (RFC 9000, section 9), or the server forbids migration.</exception>
    /// <exception cref="PathValidationException">The new path does not work; the connection stays where it was.</exception>
    /// <exception cref="Engines.QuicConnectionClosedException">The connection has ended.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    ValueTask MigrateAsync(IPEndPoint localAddress, CancellationToken cancellationToken = default);
}
