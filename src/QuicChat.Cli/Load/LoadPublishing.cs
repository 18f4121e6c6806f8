namespace QuicChat.Cli.Load;

/// <summary>The two ways to publish.</summary>
internal static class LoadPublishing
{
    // Beyond, an open loop waits, so that a target that cannot follow does not fill this process's memory; what is overdue stays charged.
    private const int MaxOutstanding = 50_000;

    // One that fails at once must not spin.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);

    /// <summary>Publishes the next when the one before is acknowledged.</summary>
    public static async Task ClosedAsync(LoadMeter meter, ILoadClient client, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!await client.PublishAsync(meter.Now))
            {
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    /// <summary>Publishes at a constant rate, by one client after the other, whatever is acknowledged.</summary>
    public static async Task OpenAsync(
        LoadMeter meter, Func<int, ILoadClient> publisher, int publishers, double rate, CancellationToken cancellationToken)
    {
        var pace = new Pace(TimeProvider.System, TimeProvider.System.GetTimestamp(), rate);
        var start = meter.Now;
        try
        {
            for (var index = 0L; ; index++)
            {
                var due = await pace.UntilAsync(index, cancellationToken);
                while (meter.Outstanding > MaxOutstanding)
                {
                    await Task.Delay(Poll, cancellationToken);
                }

                _ = publisher((int)(index % publishers)).PublishAsync(start + (due.Ticks / TimeSpan.TicksPerMicrosecond));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Its time is over.
        }
    }
}
