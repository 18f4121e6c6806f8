using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace QuicChat.Client;

/// <summary>A gateway as the application names it.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">Its UDP port.</param>
internal sealed record ServerAddress(string Host, int Port)
{
    public static ServerAddress Parse(string text)
        => TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not a server.");

    public static bool TryParse(string? text, [NotNullWhen(true)] out ServerAddress? address)
    {
        address = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            return false;
        }

        var (host, port) = (text, "");
        if (text[0] == '[')
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || !IPAddress.TryParse(text[1..end], out var literal) || literal.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            (host, port) = (text[1..end], text[(end + 1)..]);
            if (port.Length > 0 && port[0] != ':')
            {
                return false;
            }
        }
        else if (text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon)
        {
            (host, port) = (text[..colon], text[colon..]);
        }

        var number = ChatClientOptions.DefaultPort;
        if (port.Length > 0
            && !(int.TryParse(port.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= ushort.MaxValue))
        {
            return false;
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        address = new ServerAddress(host, number);
        return true;
    }

    /// <summary>The end points behind the name, in the system's order (RFC 6724), those that <paramref name="localEndPoint"/> cannot reach left out.</summary>
    /// <exception cref="ChatConnectException">There are none.</exception>
    public async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(IPEndPoint? localEndPoint, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(Host, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new ChatConnectException($"The name of the server {this} cannot be resolved: {e.Message}. Check the name, or give an address.", e);
        }

        var endPoints = addresses
            .Where(address => localEndPoint is null || address.AddressFamily == localEndPoint.AddressFamily)
            .Select(address => new IPEndPoint(address, Port))
            .ToList();
        return endPoints.Count > 0
            ? endPoints
            : throw new ChatConnectException($"The server {this} has no address of the family of the local address {localEndPoint}.");
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
