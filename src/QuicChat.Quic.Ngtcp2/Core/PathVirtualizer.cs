namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Shows ngtcp2 each stay of a peer on an address as an address of its own, by a virtual port. ngtcp2 before 1.25 does not follow a client that
/// returns to its previous address while that address is still being checked as the fallback (its issue 2257); under another port the return is
/// a new path, adopted and validated at once. Until the new path is validated, the previous one is the fallback that ngtcp2 does go back to, with no new check: that
/// is how a client comes back that never left, but whose datagrams someone copied. The address and its family stay real, so a change of port still looks like one.
/// </summary>
internal sealed class PathVirtualizer
{
    // The path in use, those that it may fall back to, and the candidates.
    private const int MaxEntries = 8;

    // Besides the path in use, those that the peer was heard from and that are not validated: a client that moves has one, two where its network changes meanwhile.
    // More are an attacker's, who sends copies of the client's datagrams.
    private const int MaxCandidates = 3;

    private readonly List<Entry> _entries = new(2);

    // This server's end, which ngtcp2 is shown of a path by another server, too.
    private readonly UdpAddress _local;
    private Entry _current;
    private ushort _nextPort;

    // The path of the datagram that is being read, where it is new: one that nothing genuine came from is not kept.
    private Entry? _arriving;

    private sealed class Entry(FourTuple real, UdpAddress virtualLocal, UdpAddress virtualRemote)
    {
        public FourTuple Real { get; set; } = real;

        public UdpAddress VirtualRemote { get; } = virtualRemote;

        public FourTuple Virtual { get; } = new(virtualLocal, virtualRemote);

        /// <summary>The peer has left this path: it gets another port when it comes back.</summary>
        public bool Stale { get; set; }

        /// <summary>The handshake was completed here, but not shown to be the client's address: its next datagram is shown to ngtcp2 as from a new path, so that it is checked.</summary>
        public bool Unproven { get; set; }

        /// <summary>Bytes that may still be sent there before the path is validated (RFC 9000, section 8): at most three for each that was received.</summary>
        public long Allowance { get; set; }

        public bool Validated { get; set; }
    }

    public PathVirtualizer(FourTuple real)
    {
        _local = real.Local;
        _current = new Entry(real, real.Local, real.Remote) { Validated = true };
        _entries.Add(_current);
        _nextPort = real.Remote.Port;
    }

    /// <summary>The real path that ngtcp2 uses now.</summary>
    public FourTuple Current => _current.Real;

    /// <summary>The path that ngtcp2 uses now, as it sees it.</summary>
    public FourTuple CurrentVirtual => _current.Virtual;

    /// <summary>The path as ngtcp2 is to see it, of a datagram that arrived on <paramref name="real"/>. A new one is to be kept or forgotten next.</summary>
    public FourTuple ToVirtual(FourTuple real)
    {
        Forget();
        if (_current.Real == real && !_current.Unproven)
        {
            return _current.Virtual;
        }

        if (FindLatest(real) is { Stale: false, Unproven: false } known)
        {
            return known.Virtual;
        }

        _arriving = new Entry(real, real.Ingress == 0 ? real.Local : _local, real.Remote.WithPort(NextPort()));
        return _arriving.Virtual;
    }

    /// <summary>The paths that are known.</summary>
    public int Count => _entries.Count;

    /// <summary>How many candidates were given up, each for a newer one.</summary>
    public long GivenUp { get; private set; }

    /// <summary>Keeps the new path: ngtcp2 uses it, or has something to send there.</summary>
    public void Keep()
    {
        if (_arriving is { } entry)
        {
            _arriving = null;
            _entries.Add(entry);
            Evict();
        }
    }

    /// <summary>Forgets the new path.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Forget()
    {
        if (_arriving is null)
        {
            return false;
        }

        _arriving = null;
        _nextPort--;
        return true;
    }

    /// <summary>Tells where the client is in its handshake, all of which ngtcp2 sees on the first path.</summary>
    public void SetReal(FourTuple real) => _current.Real = real;

    /// <summary>Tells that the handshake was completed at an address that it did not prove.</summary>
    /// <param name="allowance">The bytes that may still be sent there.</param>
    public void SetUnproven(long allowance) => (_current.Unproven, _current.Validated, _current.Allowance) = (true, false, allowance);

    /// <summary>Whether a path was in use and is not now: to a client that has moved, what arrives there is late.</summary>
    public bool HasLeft(FourTuple real) => _current.Real != real && FindLatest(real) is { Stale: true };

    /// <summary>The real path of one that ngtcp2 names; <see langword="null"/> where it has been forgotten.</summary>
    public FourTuple? ToReal(FourTuple virtualPath) => Find(virtualPath)?.Real;

    /// <summary>How many bytes may be sent on the path in use (RFC 9000, section 8).</summary>
    public long Allowance => _current.Validated ? long.MaxValue : _current.Allowance;

    /// <summary>Counts an authenticated datagram from a path.</summary>
    public void CountReceived(FourTuple virtualPath, int length) => CountAllowance(virtualPath, 3L * length);

    /// <summary>Counts a datagram to a path.</summary>
    public void CountSent(FourTuple virtualPath, int length) => CountAllowance(virtualPath, -length);

    /// <summary>The path has been validated: from now on the peer has left the others.</summary>
    public void SetValidated(FourTuple virtualPath)
    {
        if (Find(virtualPath) is { } entry)
        {
            entry.Validated = true;
            foreach (var other in _entries)
            {
                other.Stale |= other != entry;
            }
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

        _current.Stale |= !_current.Validated;
        entry.Stale = false;
        _current = entry;
        _arriving = entry == _arriving ? null : _arriving;
        _entries.Remove(entry);
        _entries.Add(entry);
        Evict();
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

        return _arriving?.VirtualRemote == virtualPath.Remote ? _arriving : null;
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

    // Those that the peer left, or was heard from, longest ago.
    private void Evict()
    {
        if (_entries.Count(IsCandidate) > MaxCandidates)
        {
            GivenUp++;
            _entries.RemoveAt(_entries.FindIndex(IsCandidate));
        }

        if (_entries.Count > MaxEntries)
        {
            _entries.RemoveAt(_entries.FindIndex(e => e != _current));
        }
    }

    // ngtcp2 may fall back to where the handshake was completed.
    private bool IsCandidate(Entry entry) => entry is { Validated: false, Unproven: false } && entry != _current;

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
