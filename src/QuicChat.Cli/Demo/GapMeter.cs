namespace QuicChat.Cli.Demo;

/// <summary>
/// Measures what a change of path costs a client: the longest time between two arrivals of messages that overlaps the 5 s after the
/// change (or the time up to the next one), less the usual interval. Times are since one common start. For any threads.
/// </summary>
internal sealed class GapMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly List<TimeSpan> _arrivals = [];
    private readonly List<TimeSpan> _changes = [];

    /// <summary>A message arrived. Times never go back.</summary>
    public void Arrived(TimeSpan at)
    {
        lock (_gate)
        {
            _arrivals.Add(at);
        }
    }

    /// <summary>The path changed. Times never go back.</summary>
    public void PathChanged(TimeSpan at)
    {
        lock (_gate)
        {
            _changes.Add(at);
        }
    }

    /// <summary>The gap of each change.</summary>
    /// <param name="end">
    /// When arrivals were no longer due. A client that had none since a change is charged with the whole time up to then.
    /// </param>
    public IReadOnlyList<TimeSpan> Gaps(TimeSpan end)
    {
        lock (_gate)
        {
            var usual = UsualInterval();
            return [.. _changes.Select((_, index) => Gap(index, end, usual))];
        }
    }

    /// <summary>The gap of the last change, as far as it is known at <paramref name="now"/>; none before the first change.</summary>
    public TimeSpan? LastGap(TimeSpan now)
    {
        lock (_gate)
        {
            return _changes.Count == 0 ? null : Gap(_changes.Count - 1, now, UsualInterval());
        }
    }

    private TimeSpan Gap(int change, TimeSpan end, TimeSpan usual)
    {
        var from = _changes[change];
        var isFollowed = change + 1 < _changes.Count && _changes[change + 1] < from + Window;
        var to = isFollowed ? _changes[change + 1] : from + Window;

        // The interval under way at the change counts whole. So does the last one, up to the arrival that ends it even behind the window;
        // but what comes after the next change is charged to that one.
        var index = _arrivals.BinarySearch(from);
        index = index < 0 ? ~index : index;
        var previous = index > 0 ? _arrivals[index - 1] : from;
        var longest = TimeSpan.Zero;
        while (previous < to && index <= _arrivals.Count)
        {
            var next = index < _arrivals.Count ? _arrivals[index] : end;
            var interval = (isFollowed && next > to ? to : next) - previous;
            longest = interval > longest ? interval : longest;
            previous = next;
            index++;
        }

        return longest > usual ? longest - usual : TimeSpan.Zero;
    }

    // The median: gaps are few and long, and would lift the mean above what is usual.
    private TimeSpan UsualInterval()
    {
        if (_arrivals.Count < 2)
        {
            return TimeSpan.Zero;
        }

        var intervals = _arrivals.Zip(_arrivals.Skip(1), (earlier, later) => later - earlier).Order().ToList();
        return intervals[intervals.Count / 2];
    }
}
