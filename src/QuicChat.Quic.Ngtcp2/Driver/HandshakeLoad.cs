namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>How much a listener has to do with clients of which nobody knows yet whether they are there. For one thread.</summary>
internal sealed class HandshakeLoad
{
    /// <summary>
    /// Handshakes under way, above which first packets are dropped, and real clients send theirs again: each costs about 40 KiB until it completes or its time is up.
    /// </summary>
    public const int Max = 4096;

    /// <summary>
    /// Handshakes under way and failed lately, above which clients prove their address first: what the 500 handshakes a second that a gateway takes keep under way at
    /// 300 ms of round-trip time, and 10 MiB of memory. Above it are attackers, whose forged addresses cost no more then, or many clients at once, which a round
    /// trip more spreads.
    /// </summary>
    public const int MaxUnproven = 256;

    /// <summary>
    /// 10 s: how long a failure counts at most. A forged first packet may fail at once and never be among those under way, so that as many as this let through in that
    /// time is all that forged addresses get of what the application lets in.
    /// </summary>
    public static readonly TimeSpan FailurePeriod = TimeSpan.FromSeconds(10);

    private int _underWay;
    private int _failed;
    private TimeSpan _periodEnds;

    /// <summary>Whether no more handshakes may begin.</summary>
    public bool IsFull => _underWay >= Max;

    /// <summary>Counts a handshake that begins.</summary>
    public void Begin() => _underWay++;

    /// <summary>Counts one that has completed.</summary>
    public void Complete() => _underWay--;

    /// <summary>Counts one that has ended otherwise.</summary>
    /// <param name="now">The monotonic time.</param>
    public void Fail(TimeSpan now)
    {
        _underWay--;
        Forget(now);
        _failed++;
    }

    /// <summary>Whether clients are to prove their address first.</summary>
    /// <param name="now">The monotonic time.</param>
    public bool IsHigh(TimeSpan now)
    {
        Forget(now);
        return _underWay + _failed >= MaxUnproven;
    }

    private void Forget(TimeSpan now)
    {
        if (now >= _periodEnds)
        {
            (_failed, _periodEnds) = (0, now + FailurePeriod);
        }
    }
}
