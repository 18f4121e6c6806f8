using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Certificates;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>Chooses the certificate for a connection whose handshake begins; one that is chosen again is the same object.</summary>
/// <param name="serverName">The host that the client asks for (RFC 6066, section 3), as the network brings it; empty where it names none.</param>
/// <param name="connection">The connection; it has no streams yet.</param>
/// <param name="cancellationToken">The connection has ended.</param>
internal delegate ValueTask<PemCertificate> CertificateSelector(
    string serverName, MultiplexedConnectionContext connection, CancellationToken cancellationToken);
