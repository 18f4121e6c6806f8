using System.Net;
using System.Net.Sockets;

namespace QuicChat.Gateway.Hosting;

/// <summary>Where a gateway listens for others.</summary>
internal static class LinkAddress
{
    /// <summary>
    /// The end point: what was asked for; else the address that clients are listened for on; and where that is all addresses, the one that the store is reached from,
    /// for the other gateways are where the store is reached, too. Where that cannot be found out it is all addresses, which tells others nothing.
    /// </summary>
    public static IPEndPoint Of(IPEndPoint? link, IPEndPoint listen, StoreAddress store)
        => link ?? new IPEndPoint(IsUnspecified(listen.Address) ? SourceTo(store) ?? listen.Address : listen.Address, 0);

    /// <summary>Whether an address says nothing of where something is reached.</summary>
    public static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static IPAddress? SourceTo(StoreAddress store)
    {
        try
        {
            var (address, port) = store.Options.EndPoints[0] switch
            {
                DnsEndPoint name => (Dns.GetHostAddresses(name.Host)[0], name.Port),
                IPEndPoint point => (point.Address, point.Port),
                _ => (null, 0),
            };
            if (address is null)
            {
                return null;
            }

            // Nothing is sent; the system only says from where it would.
            using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(address, port);
            return ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            // Who connects to the store says it better.
            return null;
        }
    }
}
