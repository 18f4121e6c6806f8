using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace QuicChat.Quic.Engines;

/// <summary>What an engine's client can connect to: addresses, and names of which each address is tried in turn.</summary>
internal static class HostLookup
{
    /// <param name="endPoint">An address or a name.</param>
    /// <param name="connect">Connects to an end point, of all that the name has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NotSupportedException"><paramref name="endPoint"/> is neither.</exception>
    public static async Task<MultiplexedConnectionContext> ConnectAsync(
        EndPoint endPoint,
        Func<IPEndPoint, IReadOnlyList<IPEndPoint>, CancellationToken, Task<MultiplexedConnectionContext>> connect,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        switch (endPoint)
        {
            case IPEndPoint address:
                return await connect(address, [address], cancellationToken);
            case DnsEndPoint name:
                return await ConnectToAnyAsync(name, connect, cancellationToken);
            default:
                throw new NotSupportedException($"QUIC connects to an IP address or a DNS name and port, not to {endPoint}.");
        }
    }

    private static async Task<MultiplexedConnectionContext> ConnectToAnyAsync(
        DnsEndPoint name,
        Func<IPEndPoint, IReadOnlyList<IPEndPoint>, CancellationToken, Task<MultiplexedConnectionContext>> connect,
        CancellationToken cancellationToken)
    {
        List<Exception> failures = [];
        var all = (await Dns.GetHostAddressesAsync(name.Host, cancellationToken)).Select(address => new IPEndPoint(address, name.Port)).ToList();
        foreach (var endPointOfName in all)
        {
            try
            {
                return await connect(endPointOfName, all, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or QuicConnectionClosedException)
            {
                failures.Add(e);
            }
        }

        throw failures is [var only] ? only : new AggregateException($"No address of {name.Host} could be connected to.", failures);
    }
}
