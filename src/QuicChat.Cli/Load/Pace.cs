namespace QuicChat.Cli.Load;

/// <summary>When things are due that come at a constant rate. A latency that counts from there is corrected for coordinated omission: what
/// waits behind something slow is charged with its wait.</summary>
/// <param name="time">The clock.</param>
/// <param name="start">Its timestamp at which the first one is due.</param>
/// <param name="perSecond">The rate.</param>
internal sealed class Pace(TimeProvider time, long start, double perSecond)
{
    // Finer than a timer is, so that what is due within it is done at once.
    private static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    /// <summary>When the n-th is due, from 0, since the first was.</summary>
    public TimeSpan Due(long index) => TimeSpan.FromSeconds(index / perSecond);

    /// <summary>Waits until the n-th is due; one that is overdue does not wait.</summary>
    /// <returns>When it was due, since the first was.</returns>
    public async ValueTask<TimeSpan> UntilAsync(long index, CancellationToken cancellationToken)
    {
        var due = Due(index);
        while (due - time.GetElapsedTime(start) is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait > Granularity ? wait : Granularity, time, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return due;
    }
}
