using System.Net;
using System.Net.Sockets;

namespace QuicChat.Gateway.Hosting;

/// <summary>Where a gateway listens for others.</summary>
internal static class LinkAddress
{
    /// <summary>
    /// The end point: what was asked for; else the address that clients are listened for on; and where that is all addresses, the one that the store is reached from,
    /// for the other gateways are where the store is reached, too.
    /// </summary>
    /// <exception cref="GatewayStartException">It cannot be found out.</exception>
    public static IPEndPoint Of(IPEndPoint? link, IPEndPoint listen, StoreAddress store)
    {
        if (link is not null)
        {
            return link;
        }

        return new IPEndPoint(listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any) ? SourceTo(store) : listen.Address, 0);
    }

    private static IPAddress SourceTo(StoreAddress store)
    {
        try
        {
            var (address, port) = store.Options.EndPoints[0] switch
            {
                DnsEndPoint name => (Dns.GetHostAddresses(name.Host)[0], name.Port),
                IPEndPoint point => (point.Address, point.Port),
                var other => throw new GatewayStartException($"The store's address {other} is no place in a network; say by --link where other gateways reach this one."),
            };

            // Nothing is sent; the system only says from where it would.
            using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(address, port);
            return ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException e)
        {
            throw new GatewayStartException($"From which address the store is reached cannot be found out ({e.Message}); say by --link where other gateways reach this one.", e);
        }
    }
}
