namespace QuicChat.Gateway.Limits;

/// <summary>
/// A bucket of tokens that fills at a steady rate. It is kept as one number, the moment at which it will be full again (the generic cell rate
/// algorithm), so that taking one needs neither timer nor lock.
/// </summary>
internal sealed class TokenBucket
{
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly double _interval;
    private readonly double _depth;
    private double _fullAt;

    /// <summary>Makes a full bucket.</summary>
    /// <param name="rate">Tokens a second that it fills by.</param>
    /// <param name="burst">Tokens that it holds.</param>
    /// <param name="time">The clock.</param>
    public TokenBucket(int rate, int burst, TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _interval = (double)time.TimestampFrequency / rate;
        _depth = _interval * burst;
    }

    /// <summary>Takes a token where there is one.</summary>
    /// <param name="wait">Otherwise, how long it takes until there is one.</param>
    public bool TryTake(out TimeSpan wait)
    {
        wait = Take(aheadOfTime: false);
        return wait == TimeSpan.Zero;
    }

    /// <summary>Takes a token, and be it one that is still to come.</summary>
    /// <returns>How long it takes until it is there.</returns>
    public TimeSpan Take() => Take(aheadOfTime: true);

    private TimeSpan Take(bool aheadOfTime)
    {
        while (true)
        {
            var seen = Volatile.Read(ref _fullAt);

            // From the bucket's own beginning: a double cannot tell the ticks of a large timestamp apart.
            var now = (double)(_time.GetTimestamp() - _start);
            var next = Math.Max(seen, now) + _interval;

            var excess = next - now - _depth;

            // Half a tick of reserve: sums of intervals are not exact.
            var wait = excess > 0.5
                ? TimeSpan.FromTicks((long)Math.Ceiling(excess * TimeSpan.TicksPerSecond / _time.TimestampFrequency))
                : TimeSpan.Zero;
            if ((wait > TimeSpan.Zero && !aheadOfTime) || Interlocked.CompareExchange(ref _fullAt, next, seen).Equals(seen))
            {
                return wait;
            }
        }
    }
}
