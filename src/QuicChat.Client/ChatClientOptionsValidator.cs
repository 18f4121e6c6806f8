using QuicChat.Protocol;

namespace QuicChat.Client;

/// <summary>Finds what is wrong with options before anything is done with them.</summary>
internal static class ChatClientOptionsValidator
{
    /// <exception cref="ArgumentException">Something is wrong; the message names all of it.</exception>
    public static void Validate(ChatClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = Problems(options).ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }
    }

    private static IEnumerable<string> Problems(ChatClientOptions options)
    {
        if (options.Servers is not { Count: > 0 })
        {
            yield return "Servers is empty; give at least one host:port.";
        }
        else
        {
            foreach (var server in options.Servers)
            {
                if (!ServerAddress.TryParse(server, out _))
                {
                    yield return $"'{server}' is not a server; write host:port, address:port or [IPv6 address]:port.";
                }
            }
        }

        if (options.Trust is null)
        {
            yield return "Trust is missing; give the certificate's fingerprint or an authority.";
        }

        if (options.Token is null == options.TokenProvider is null)
        {
            yield return "Give either Token or TokenProvider.";
        }

        if (ProtocolRules.CheckClientId(options.ClientId) is { } clientId)
        {
            yield return clientId;
        }

        (string Name, TimeSpan Value)[] times =
        [
            (nameof(options.ConnectTimeout), options.ConnectTimeout),
            (nameof(options.ActiveKeepAlive), options.ActiveKeepAlive),
            (nameof(options.ActiveWindow), options.ActiveWindow),
            (nameof(options.IdleKeepAlive), options.IdleKeepAlive),
        ];
        foreach (var (name, value) in times)
        {
            if (value < TimeSpan.FromMilliseconds(10) || value > TimeSpan.FromHours(1))
            {
                yield return $"{name} is {value}; 10 ms to 1 h are allowed.";
            }
        }

        if (options.ActiveKeepAlive > options.IdleKeepAlive)
        {
            yield return $"ActiveKeepAlive ({options.ActiveKeepAlive}) is longer than IdleKeepAlive ({options.IdleKeepAlive}).";
        }

        if (options.MaxPublishesInFlight is < 1 or > 1024)
        {
            yield return $"MaxPublishesInFlight is {options.MaxPublishesInFlight}; 1 to 1024 are allowed.";
        }

        if (options.MaxUnreadMessages is < 1 or > 100_000)
        {
            yield return $"MaxUnreadMessages is {options.MaxUnreadMessages}; 1 to 100,000 are allowed.";
        }
    }
}
