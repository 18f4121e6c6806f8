using System.Net;

namespace QuicChat.Quic.Routing;

/// <summary>A listener cannot listen for the other servers of its pool; clients could have been listened for.</summary>
public sealed class ServerLinkException : Exception
{
    internal ServerLinkException(IPEndPoint endPoint, Exception innerException)
        : base($"Other servers cannot be listened for on {endPoint}: {innerException.Message}", innerException) => EndPoint = endPoint;

    /// <summary>Where: <see cref="ServerPool.Link"/>.</summary>
    public IPEndPoint EndPoint { get; }
}
