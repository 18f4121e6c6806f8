namespace QuicChat.Client;

/// <summary>
/// Exponential backoff with full jitter: each wait is random between zero and a longest one that doubles with each try. What has lasted as long as the
/// longest wait of all counts as a success; the next wait is a first one again.
/// </summary>
/// <param name="options">The longest waits.</param>
/// <param name="time">The clock.</param>
/// <param name="jitter">Evenly distributed in [0, 1).</param>
internal sealed class Backoff(ChatSessionOptions options, TimeProvider time, Func<double> jitter)
{
    private long? _succeededAt;

    /// <summary>The tries since the last success.</summary>
    public int Attempt { get; private set; }

    /// <summary>A try has succeeded, so far.</summary>
    public void Succeeded() => _succeededAt = time.GetTimestamp();

    /// <summary>The wait before the next try.</summary>
    public TimeSpan Next()
    {
        if (_succeededAt is { } since && time.GetElapsedTime(since) >= options.MaxRetryDelay)
        {
            Attempt = 0;
        }

        _succeededAt = null;

        // Far beyond the longest wait already, and below overflow.
        var doublings = Math.Min(Attempt, 30);
        Attempt++;
        var longest = Math.Min(options.MaxRetryDelay.TotalMilliseconds, options.FirstRetryDelay.TotalMilliseconds * (1L << doublings));
        return TimeSpan.FromMilliseconds(longest * jitter());
    }
}
