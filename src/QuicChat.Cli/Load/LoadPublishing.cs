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

    /// <summary>
    /// Publishes at a constant rate, by one client after the other, whatever is acknowledged, until it is cancelled after
    /// <see cref="LoadMeter.Stop"/>. What was due before and is overdue then is sent nevertheless, and charged from when it was due: it
    /// waited longest, and without it the latency would be that of a target that followed. What cannot be sent in the time of the settling
    /// is counted as not sent.
    /// </summary>
    public static async Task OpenAsync(
        LoadMeter meter,
        Func<int, ILoadClient> publisher,
        int publishers,
        double rate,
        CancellationToken cancellationToken,
        int maxOutstanding = MaxOutstanding)
    {
        var pace = new Pace(meter.Time, meter.Time.GetTimestamp(), rate);
        var start = meter.Now;
        var index = 0L;
        try
        {
            for (; ; index++)
            {
                await pace.UntilAsync(index, cancellationToken);
                while (meter.Outstanding > maxOutstanding)
                {
                    await Task.Delay(Poll, meter.Time, cancellationToken);
                }

                Send();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Its time is over.
        }

        var settling = new Settling(meter.Time);
        for (; Due(index) < meter.StoppedAt; index++)
        {
            while (meter.Outstanding > maxOutstanding && settling.GoesOn(meter.Outstanding))
            {
                await Task.Delay(Poll, meter.Time, CancellationToken.None);
            }

            if (meter.Outstanding > maxOutstanding)
            {
                meter.OnUnsent(1);
            }
            else
            {
                Send();
            }
        }

        void Send() => _ = publisher((int)(index % publishers)).PublishAsync(Due(index));

        long Due(long number) => start + (pace.Due(number).Ticks / TimeSpan.TicksPerMicrosecond);
    }
}
