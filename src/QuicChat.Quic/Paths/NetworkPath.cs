using System.Net;

namespace QuicChat.Quic.Paths;

/// <summary>
/// A network path as one end point sees it: its local and its remote address and port (RFC 9000, section 9).
/// IPv4 addresses are plain, never IPv6-mapped, so that paths can be compared.
/// </summary>
/// <param name="Local">The address and port that datagrams arrive at here.</param>
/// <param name="Remote">The address and port of the peer.</param>
public sealed record NetworkPath(IPEndPoint Local, IPEndPoint Remote)
{
    /// <summary>
    /// The server of the pool that the peer's datagrams arrive at and are answered from; <see langword="null"/>, this one. The same remote end point by another server is
    /// another path.
    /// </summary>
    public uint? Ingress { get; init; }

    /// <summary>How the remote end point of <paramref name="next"/> differs from this path's.</summary>
    /// <returns>The kind, or <see langword="null"/> where the remote end points and the servers that they are reached by are equal.</returns>
    public PathChangeKind? ChangeTo(NetworkPath next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (Remote.AddressFamily != next.Remote.AddressFamily)
        {
            return PathChangeKind.Family;
        }

        if (!Remote.Address.Equals(next.Remote.Address))
        {
            return PathChangeKind.Address;
        }

        return Remote.Port == next.Remote.Port && Ingress == next.Ingress ? null : PathChangeKind.PortOnly;
    }

    /// <summary>The path as <c>local ← remote</c>, for logs.</summary>
    public override string ToString() => Ingress is null ? $"{Local} ← {Remote}" : $"{Local} of server {Ingress} ← {Remote}";
}
