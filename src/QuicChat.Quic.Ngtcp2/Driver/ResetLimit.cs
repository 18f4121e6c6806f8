namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>How many stateless resets a listener sends. Anyone can send what looks like a packet of a former connection's, once they have seen one.</summary>
internal sealed class ResetLimit
{
    /// <summary>The most in a second: as many clients hear at once that their connections are gone, and the others with their next packets.</summary>
    public const int PerSecond = 1_000;

    private long _second = -1;
    private int _sent;

    /// <summary>Takes one of the second's.</summary>
    /// <param name="now">The monotonic time.</param>
    /// <returns>Whether there was one left.</returns>
    public bool TryTake(TimeSpan now)
    {
        var second = now.Ticks / TimeSpan.TicksPerSecond;
        if (second != _second)
        {
            (_second, _sent) = (second, 0);
        }

        if (_sent == PerSecond)
        {
            return false;
        }

        _sent++;
        return true;
    }
}
