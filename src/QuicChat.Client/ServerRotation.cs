namespace QuicChat.Client;

/// <summary>Which gateway is next: those that a leaving gateway has named, then those of the options behind the one in use, around and around.</summary>
/// <param name="servers">Those of the options.</param>
internal sealed class ServerRotation(IReadOnlyList<ServerAddress> servers)
{
    private readonly Queue<ServerAddress> _preferred = [];
    private int _next;

    /// <summary>All, from the next one on.</summary>
    public IReadOnlyList<ServerAddress> All => [.. _preferred, .. servers.Skip(_next), .. servers.Take(_next)];

    /// <summary>A connection to a server has been made: the next one is the one behind it.</summary>
    public void Connected(ServerAddress server)
    {
        _preferred.Clear();
        for (var i = 0; i < servers.Count; i++)
        {
            if (servers[i] == server)
            {
                _next = (i + 1) % servers.Count;
            }
        }
    }

    /// <summary>Puts those that a gateway names in front; what is not an address is passed over.</summary>
    public void Prefer(IEnumerable<string> alternatives)
    {
        foreach (var alternative in alternatives)
        {
            if (ServerAddress.TryParse(alternative, out var server) && !_preferred.Contains(server))
            {
                _preferred.Enqueue(server);
            }
        }
    }

    /// <summary>The next one, once.</summary>
    public ServerAddress Next()
    {
        if (_preferred.TryDequeue(out var preferred))
        {
            return preferred;
        }

        var server = servers[_next];
        _next = (_next + 1) % servers.Count;
        return server;
    }
}
