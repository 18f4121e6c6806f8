using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace QuicChat.Quic.Engines;

/// <summary>What an engine's client can connect to: addresses, and names of which each address is tried in turn.</summary>
internal static class HostLookup
{
    /// <exception cref="NotSupportedException"><paramref name="endPoint"/> is neither.</exception>
    public static async Task<MultiplexedConnectionContext> ConnectAsync(
        EndPoint endPoint, Func<IPEndPoint, CancellationToken, Task<MultiplexedConnectionContext>> connect, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        switch (endPoint)
        {
            case IPEndPoint address:
                return await connect(address, cancellationToken);
            case DnsEndPoint name:
                return await ConnectToAnyAsync(name, connect, cancellationToken);
            default:
                throw new NotSupportedException($"QUIC connects to an IP address or a DNS name and port, not to {endPoint}.");
        }
    }

    private static async Task<MultiplexedConnectionContext> ConnectToAnyAsync(
        DnsEndPoint name, Func<IPEndPoint, CancellationToken, Task<MultiplexedConnectionContext>> connect, CancellationToken cancellationToken)
    {
        List<Exception> failures = [];
        foreach (var address in await Dns.GetHostAddressesAsync(name.Host, cancellationToken))
        {
            try
            {
                return await connect(new IPEndPoint(address, name.Port), cancellationToken);
            }
            catch (Exception e) when (e is SocketException or QuicConnectionClosedException)
            {
                failures.Add(e);
            }
        }

        throw failures is [var only] ? only : new AggregateException($"No address of {name.Host} could be connected to.", failures);
    }
}
