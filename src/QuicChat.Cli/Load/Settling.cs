namespace QuicChat.Cli.Load;

/// <summary>For how long is waited, after the measured time, for what is under way: as long as it goes on, and not for ever.</summary>
/// <param name="time">The clock.</param>
internal sealed class Settling(TimeProvider time)
{
    // What is behind by more is not waited for.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly long _begin = time.GetTimestamp();
    private long _seen = long.MinValue;
    private long _seenAt = time.GetTimestamp();

    /// <summary>What is left of the longest time.</summary>
    public TimeSpan Left => Longest - time.GetElapsedTime(_begin) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>Whether waiting is worth it still.</summary>
    /// <param name="state">Any number that changes where something happens.</param>
    public bool GoesOn(long state)
    {
        if (state != _seen)
        {
            (_seen, _seenAt) = (state, time.GetTimestamp());
        }

        return Left > TimeSpan.Zero && time.GetElapsedTime(_seenAt) <= Patience;
    }
}
