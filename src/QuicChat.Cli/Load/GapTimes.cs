namespace QuicChat.Cli.Load;

/// <summary>What changes cost a group of members. For any threads.</summary>
internal sealed class GapTimes
{
    private long _notBack;

    /// <summary>The longest times between two arrivals.</summary>
    public Times Whole { get; } = new();

    /// <summary>The same from when the change could be known of.</summary>
    public Times Beyond { get; } = new();

    /// <summary>How many were not back when the run ended.</summary>
    public long NotBack => Interlocked.Read(ref _notBack);

    /// <summary>Records one.</summary>
    public void Record(Gap gap)
    {
        Whole.Record(gap.Whole);
        Beyond.Record(gap.Beyond);
        if (!gap.IsBack)
        {
            Interlocked.Increment(ref _notBack);
        }
    }
}
