using System.Net;

namespace QuicChat.Gateway.Hosting;

/// <summary>Where clients reach a gateway.</summary>
internal static class AdvertisedEndPoint
{
    /// <summary>The end point as <c>host:port</c>.</summary>
    /// <param name="advertise">A host name or address, with or without a port; empty for where the gateway listens.</param>
    /// <param name="listening">Where it listens.</param>
    /// <returns>The end point, or <see langword="null"/> where <paramref name="advertise"/> is no such thing.</returns>
    public static string? Of(string advertise, IPEndPoint listening)
    {
        if (advertise.Length == 0)
        {
            return listening.ToString();
        }

        if (IPEndPoint.TryParse(advertise, out var endPoint))
        {
            // Without a port it has port 0.
            return new IPEndPoint(endPoint.Address, endPoint.Port == 0 ? listening.Port : endPoint.Port).ToString();
        }

        var (host, port) = advertise.Split(':') switch
        {
            [var name] => (name, listening.Port),
            [var name, var text] when int.TryParse(text, out var number) => (name, number),
            _ => ("", 0),
        };
        return Uri.CheckHostName(host) == UriHostNameType.Dns && port is > IPEndPoint.MinPort and <= IPEndPoint.MaxPort ? $"{host}:{port}" : null;
    }
}
