namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// Where a server sends to during a handshake. ngtcp2 ignores what comes from another address than the first until the handshake is over, so a client whose network
/// gives it another meanwhile would never connect; it is shown the first for all of them, and the newest real one is answered. ngtcp2 then counts as received
/// what came from anywhere, so what may be sent to each address is counted here (RFC 9000, section 8.1).
/// </summary>
internal sealed class HandshakePaths
{
    // A client's network changes once or twice in a handshake.
    private const int MaxPaths = 4;

    // The newest last.
    private readonly List<Entry> _paths = new(1);

    private readonly record struct Entry(FourTuple Path, long Allowance, bool IsProven);

    /// <param name="first">Where the client's first packet came from.</param>
    /// <param name="isProven">Whether it proved that the client is there.</param>
    public HandshakePaths(FourTuple first, bool isProven) => _paths.Add(new Entry(first, 0, isProven));

    /// <summary>Where the client's newest genuine packet came from.</summary>
    public FourTuple Newest => _paths[^1].Path;

    /// <summary>
    /// Whether the client is known to be there, as after a Retry. A packet with Handshake keys shows that it has the server's first ones (RFC 9000, section 8.1), but at which address only
    /// while there has been but one.
    /// </summary>
    public bool IsProven => _paths[^1].IsProven;

    /// <summary>Bytes that may still be sent to <see cref="Newest"/>, where it is not proven: at most three for each that came from there.</summary>
    public long Allowance => _paths[^1].Allowance;

    /// <summary>Counts a datagram that held a genuine packet.</summary>
    /// <param name="path">Where it came from.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="isHandshake">Whether one of its packets had Handshake keys.</param>
    public void CountReceived(FourTuple path, int length, bool isHandshake)
    {
        var entry = new Entry(path, 0, IsProven: false);
        if (_paths.FindIndex(known => known.Path == path) is >= 0 and var index)
        {
            entry = _paths[index];
            _paths.RemoveAt(index);
        }
        else if (_paths.Count == MaxPaths)
        {
            // What was sent there is forgotten with what it was sent for.
            _paths.RemoveAt(0);
        }

        _paths.Add(entry with { Allowance = entry.Allowance + (3L * length), IsProven = entry.IsProven || (isHandshake && _paths.Count == 0) });
    }

    /// <summary>Counts a datagram to <see cref="Newest"/>.</summary>
    public void CountSent(int length) => _paths[^1] = _paths[^1] with { Allowance = Allowance - length };
}
