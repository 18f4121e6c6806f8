namespace QuicChat.Quic.Simulation;

/// <summary>
/// All datagrams under way, by the time at which they leave; one timer for all. Those of one time leave in the order in which they were added.
/// </summary>
internal sealed class DelayLine : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<DelayedDatagram, (TimeSpan At, long Number)> _queue = new();
    private long _added;
    private bool _releasing;
    private TimeSpan _armedFor = TimeSpan.MaxValue;
    private bool _disposed;

    public DelayLine(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(static line => ((DelayLine)line!).ReleaseDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The time since the start.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Lets a datagram leave at <paramref name="at"/>.</summary>
    public void Add(DelayedDatagram datagram, TimeSpan at)
    {
        lock (_gate)
        {
            _queue.Enqueue(datagram, (at, _added++));
            if (!_releasing)
            {
                Arm();
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _queue.Clear();
        }

        _timer.Dispose();
    }

    private void ReleaseDue()
    {
        lock (_gate)
        {
            _armedFor = TimeSpan.MaxValue;
            if (_releasing)
            {
                return;
            }

            _releasing = true;
        }

        while (TakeDue() is { } datagram)
        {
            datagram.Link.Release(datagram);
        }
    }

    private DelayedDatagram? TakeDue()
    {
        lock (_gate)
        {
            if (_queue.TryPeek(out var datagram, out var due) && due.At <= Now)
            {
                _queue.Dequeue();
                return datagram;
            }

            _releasing = false;
            Arm();
            return null;
        }
    }

    private void Arm()
    {
        if (!_disposed && _queue.TryPeek(out _, out var first) && first.At < _armedFor)
        {
            _armedFor = first.At;

            // Timers count whole milliseconds; rounding down would wake too early, again and again.
            var wait = Math.Max(1, Math.Ceiling((first.At - Now).TotalMilliseconds));
            _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
    }
}
