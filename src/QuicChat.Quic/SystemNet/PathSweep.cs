using System.Collections.Concurrent;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// Looks at all connections of a listener, again and again. One pass over ten thousand that stay where they are costs less than ten
/// thousand timers would.
/// </summary>
internal sealed class PathSweep : IDisposable
{
    /// <summary>
    /// 100 ms: how late a move of a client that sends nothing for the application is seen at most. What is read is looked at at once.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<IWatched, object?> _watched = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private bool _isSweeping;

    public PathSweep(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((PathSweep)state!).Sweep(), this, Interval, Interval);
    }

    public void Add(IWatched connection) => _watched.TryAdd(connection, null);

    public void Remove(IWatched connection) => _watched.TryRemove(connection, out _);

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        // A pass that takes longer than the interval goes on alone.
        if (Interlocked.Exchange(ref _isSweeping, true))
        {
            return;
        }

        var now = Clock.Now(_time);
        foreach (var (connection, _) in _watched)
        {
            connection.Look(now);
        }

        Volatile.Write(ref _isSweeping, false);
    }
}
