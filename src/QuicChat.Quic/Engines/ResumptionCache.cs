namespace QuicChat.Quic.Engines;

/// <summary>
/// What clients keep of servers, in memory, to be back faster: a token that proves their address (RFC 9000, section 8.1.3) and a TLS session ticket (RFC 8446,
/// section 4.6.1), the newest of each. Each is used once, so that nobody on the way can tell by it that two connections are of one client. Safe for use by many threads.
/// </summary>
public sealed class ResumptionCache
{
    /// <summary>How many servers are remembered at most; beyond, the one that was heard of longest ago is forgotten. Each takes some KiB.</summary>
    public const int Capacity = 256;

    // A token goes with each of a client's first packets, of 1,200 bytes, and is to leave room for what it wants to say; tickets of GnuTLS hold the server's certificates.
    internal const int MaxTokenLength = 512;
    internal const int MaxTicketLength = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<ResumptionKey, Entry> _entries = [];
    private long _stamp;

    private sealed class Entry
    {
        public long Stamp { get; set; }

        public byte[]? Token { get; set; }

        public SessionTicket? Ticket { get; set; }
    }

    /// <summary>That of the process.</summary>
    public static ResumptionCache Shared { get; } = new();

    /// <summary>How many servers are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }

    internal void KeepToken(ResumptionKey key, ReadOnlySpan<byte> token)
    {
        if (token.Length is 0 or > MaxTokenLength)
        {
            return;
        }

        var kept = token.ToArray();
        lock (_gate)
        {
            Touch(key).Token = kept;
        }
    }

    internal void KeepTicket(ResumptionKey key, SessionTicket ticket)
    {
        if (ticket.Data.Length is 0 or > MaxTicketLength)
        {
            return;
        }

        lock (_gate)
        {
            Touch(key).Ticket = ticket;
        }
    }

    internal byte[]? TakeToken(ResumptionKey key)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                return null;
            }

            var token = entry.Token;
            entry.Token = null;
            RemoveIfEmpty(key, entry);
            return token;
        }
    }

    internal SessionTicket? TakeTicket(ResumptionKey key, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                return null;
            }

            var ticket = entry.Ticket;
            entry.Ticket = null;
            RemoveIfEmpty(key, entry);
            return ticket is not null && now < ticket.Until ? ticket : null;
        }
    }

    private Entry Touch(ResumptionKey key)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            if (_entries.Count == Capacity)
            {
                _entries.Remove(_entries.MinBy(item => item.Value.Stamp).Key);
            }

            entry = new Entry();
            _entries.Add(key, entry);
        }

        entry.Stamp = ++_stamp;
        return entry;
    }

    private void RemoveIfEmpty(ResumptionKey key, Entry entry)
    {
        if (entry is { Token: null, Ticket: null })
        {
            _entries.Remove(key);
        }
    }
}
