using HdrHistogram;

namespace QuicChat.Cli.Load;

/// <summary>Times that any threads record, in microseconds: those since the last look, and all of them.</summary>
internal sealed class Times
{
    // An hour; whatever takes longer counts as that. Three digits are exact to 0.1 %.
    private const long Longest = 3_600_000_000;
    private const int Digits = 3;

    private readonly Recorder _recorder = HistogramFactory
        .With64BitBucketSize().WithValuesFrom(1).WithValuesUpTo(Longest).WithPrecisionOf(Digits)
        .WithThreadSafeWrites().WithThreadSafeReads().Create();

    private readonly LongHistogram _all = new(1, Longest, Digits);
    private HistogramBase? _recycled;

    /// <summary>Records one.</summary>
    public void Record(long microseconds) => _recorder.RecordValue(Math.Clamp(microseconds, 0, Longest));

    /// <summary>Those since the last look, valid up to the next one. For one caller at a time.</summary>
    public HistogramBase TakeInterval()
    {
        _recycled = _recycled is null ? _recorder.GetIntervalHistogram() : _recorder.GetIntervalHistogram(_recycled);
        _all.Add(_recycled);
        return _recycled;
    }

    /// <summary>All of them.</summary>
    public Distribution Total()
    {
        TakeInterval();
        return Distribution.Of(_all);
    }
}
