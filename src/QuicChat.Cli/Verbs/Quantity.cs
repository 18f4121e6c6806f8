using System.Globalization;
using System.Net;

namespace QuicChat.Cli.Verbs;

/// <summary>Reads numbers with units as people write them. Each error says what was wrong and how to write it.</summary>
internal static class Quantity
{
    private static readonly (string Unit, TimeSpan Length)[] Durations =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("us", TimeSpan.FromMicroseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    private static readonly (string Unit, double Bits)[] Rates =
    [
        ("gbit", 1e9),
        ("mbit", 1e6),
        ("kbit", 1e3),
        ("bit", 1),
    ];

    /// <summary>Reads a duration such as <c>20ms</c>, <c>1.5s</c> or <c>1h</c>.</summary>
    /// <exception cref="FormatException"><paramref name="text"/> is not one, is negative, or is longer than 365 days.</exception>
    public static TimeSpan Duration(string text)
    {
        foreach (var (unit, length) in Durations)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase) && Number(text[..^unit.Length]) is { } count
                && count * length.TotalDays <= 365)
            {
                return length * count;
            }
        }

        throw new FormatException($"'{text}' is not a duration: write it like 20ms, 5s, 2m or 1h");
    }

    /// <summary>Reads a share such as <c>1%</c> or <c>0.5%</c>.</summary>
    /// <returns>The number before the percent sign, 0 to 100.</returns>
    /// <exception cref="FormatException"><paramref name="text"/> is not one, or is above 100 %.</exception>
    public static double Percentage(string text)
        => text.EndsWith('%') && Number(text[..^1]) is { } percent and <= 100
            ? percent
            : throw new FormatException($"'{text}' is not a percentage: write it like 1% or 0.5%, at most 100%");

    /// <summary>Reads a rate such as <c>10mbit</c> or <c>500kbit</c>.</summary>
    /// <returns>Bits a second.</returns>
    /// <exception cref="FormatException"><paramref name="text"/> is not one, or is not between 1 kbit and 1,000 gbit a second.</exception>
    public static long BitRate(string text)
    {
        foreach (var (unit, bits) in Rates)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase) && Number(text[..^unit.Length]) is { } count
                && count * bits is >= 1e3 and <= 1e12)
            {
                return (long)(count * bits);
            }
        }

        throw new FormatException($"'{text}' is not a rate: write it like 10mbit or 500kbit, at least 1kbit");
    }

    /// <summary>Reads an address and port such as <c>127.0.0.1:4433</c> or <c>[::1]:4433</c>.</summary>
    /// <exception cref="FormatException"><paramref name="text"/> is not one.</exception>
    public static IPEndPoint EndPoint(string text)
        // The framework also reads an address alone, with or without brackets, and takes 0 for its port.
        => (text.Contains("]:", StringComparison.Ordinal) || text.Count(letter => letter == ':') == 1)
            && IPEndPoint.TryParse(text, out var endPoint)
            ? endPoint
            : throw new FormatException($"'{text}' is not an address and port: write it like 127.0.0.1:4433 or [::1]:4433");

    /// <summary>Reads a host name or address and a port such as <c>chat.example.org:4433</c>.</summary>
    /// <exception cref="FormatException"><paramref name="text"/> is not one.</exception>
    public static DnsEndPoint HostAndPort(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon > 0 && ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
        {
            var host = text[..colon];
            var bare = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
            var isBracketed = bare.Length < host.Length;
            if (Uri.CheckHostName(bare) != UriHostNameType.Unknown && isBracketed == bare.Contains(':', StringComparison.Ordinal))
            {
                return new DnsEndPoint(bare, port);
            }
        }

        throw new FormatException($"'{text}' is not a server: write it like chat.example.org:4433, 127.0.0.1:4433 or [::1]:4433");
    }

    private static double? Number(string text)
        => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : null;
}
