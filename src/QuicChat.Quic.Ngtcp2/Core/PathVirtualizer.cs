namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Shows ngtcp2 each stay of a peer on an address as an address of its own, by a virtual port. ngtcp2 before 1.25 does not follow a client that
/// returns to its previous address while that address is still being checked as the fallback (its issue 2257); under another port the return is
/// a new path, adopted and validated at once. The address and its family stay real, so a change of port still looks like one.
/// </summary>
internal sealed class PathVirtualizer
{
    // The current path, its fallback and the candidates between them; more are an attacker's.
    private const int MaxEntries = 8;

    private readonly List<Entry> _entries = new(2);

    // This server's end, which ngtcp2 is shown of a path by another server, too.
    private readonly UdpAddress _local;
    private Entry _current;
    private ushort _nextPort;

    private sealed class Entry(FourTuple real, UdpAddress virtualLocal, UdpAddress virtualRemote)
    {
        public FourTuple Real { get; } = real;

        public UdpAddress VirtualRemote { get; } = virtualRemote;

        public FourTuple Virtual { get; } = new(virtualLocal, virtualRemote);

        /// <summary>The peer has left this path: it gets another port when it comes back.</summary>
        public bool Stale { get; set; }

        public bool Authenticated { get; set; }

        /// <summary>Bytes that may still be sent there before the path is validated (RFC 9000, section 8): at most three for each that was received.</summary>
        public long Allowance { get; set; }

        public bool Validated { get; set; }
    }

    public PathVirtualizer(FourTuple real)
    {
        _local = real.Local;
        _current = new Entry(real, real.Local, real.Remote) { Authenticated = true, Validated = true };
        _entries.Add(_current);
        _nextPort = real.Remote.Port;
    }

    /// <summary>The real path that ngtcp2 uses now.</summary>
    public FourTuple Current => _current.Real;

    /// <summary>The path that ngtcp2 uses now, as it sees it.</summary>
    public FourTuple CurrentVirtual => _current.Virtual;

    /// <summary>The path as ngtcp2 is to see it, of a datagram that arrived on <paramref name="real"/>.</summary>
    /// <param name="real">The path.</param>
    public FourTuple ToVirtual(FourTuple real)
    {
        var entry = _current.Real == real ? _current : FindLatest(real) is { Stale: false } known ? known : Add(real);
        return entry.Virtual;
    }

    /// <summary>Whether a path was in use and is not now: to a client that has moved, what arrives there is late.</summary>
    public bool HasLeft(FourTuple real) => _current.Real != real && FindLatest(real) is { Stale: true };

    /// <summary>The real path of one that ngtcp2 names; <see langword="null"/> where it has been forgotten.</summary>
    public FourTuple? ToReal(FourTuple virtualPath) => Find(virtualPath)?.Real;

    /// <summary>
    /// How many bytes may be sent on the path in use so that ngtcp2 does not reach the limit of a path that is not validated. Where it does, ngtcp2 1.11 cancels
    /// its probe time-out and does not set it again when more may be sent; with a full congestion window it would never send again.
    /// </summary>
    public int SendLimit => _current.Validated ? int.MaxValue : (int)Math.Clamp(_current.Allowance - 1, 0, int.MaxValue);

    /// <summary>Counts an authenticated datagram from a path.</summary>
    public void CountReceived(FourTuple virtualPath, int length) => CountAllowance(virtualPath, 3L * length);

    /// <summary>Counts a datagram to a path.</summary>
    public void CountSent(FourTuple virtualPath, int length) => CountAllowance(virtualPath, -length);

    /// <summary>The path has been validated.</summary>
    public void SetValidated(FourTuple virtualPath)
    {
        if (Find(virtualPath) is { } entry)
        {
            entry.Validated = true;
        }
    }

    /// <summary>Tells which path ngtcp2 uses now.</summary>
    /// <returns>Whether it is another than before.</returns>
    public bool SetCurrent(FourTuple virtualPath)
    {
        if (_current.VirtualRemote == virtualPath.Remote || Find(virtualPath) is not { } entry)
        {
            return false;
        }

        _current.Stale = true;
        entry.Stale = false;
        entry.Authenticated = true;
        _current = entry;
        return true;
    }

    private void CountAllowance(FourTuple virtualPath, long bytes)
    {
        if (Find(virtualPath) is { Validated: false } entry)
        {
            entry.Allowance += bytes;
        }
    }

    private Entry? Find(FourTuple virtualPath)
    {
        foreach (var entry in _entries)
        {
            if (entry.VirtualRemote == virtualPath.Remote)
            {
                return entry;
            }
        }

        return null;
    }

    private Entry? FindLatest(FourTuple real)
    {
        for (var i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Real == real)
            {
                return _entries[i];
            }
        }

        return null;
    }

    private Entry Add(FourTuple real)
    {
        if (_entries.Count == MaxEntries)
        {
            Evict();
        }

        var entry = new Entry(real, real.Ingress == 0 ? real.Local : _local, real.Remote.WithPort(NextPort()));
        _entries.Add(entry);
        return entry;
    }

    // Entries precede authentication, so those that anyone could have made go first; then the ones that the peer left longest ago.
    private void Evict()
    {
        var victim = _entries.FindIndex(e => e != _current && !e.Authenticated);
        _entries.RemoveAt(victim >= 0 ? victim : _entries.FindIndex(e => e != _current));
    }

    private ushort NextPort()
    {
        do
        {
            _nextPort++;
        }
        while (_nextPort == 0 || _entries.Exists(e => e.VirtualRemote.Port == _nextPort));

        return _nextPort;
    }
}
