namespace QuicChat.Cli.Load;

/// <summary>
/// Measures what a change costs one member, in constant memory: the longest time between two arrivals that overlaps the time watched, less the
/// usual interval. The interval under way at the change counts whole, and so does the last one, up to the arrival that ends it. Times are in
/// microseconds since one start and never go back. For any threads.
/// </summary>
/// <param name="interval">The usual interval; zero takes the mean up to the change.</param>
/// <param name="ended">Is given each gap.</param>
internal sealed class GapWatch(long interval, Action<long> ended)
{
    private readonly Lock _gate = new();
    private long _first = -1;
    private long _last = -1;
    private long _count;
    private bool _isWatching;
    private long _until;
    private long _longest;
    private long _usual;

    /// <summary>A message arrived.</summary>
    public void Arrived(long at)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                _longest = Math.Max(_longest, at - _last);
                if (at >= _until)
                {
                    End();
                }
            }

            _first = _first < 0 ? at : _first;
            _last = at;
            _count++;
        }
    }

    /// <summary>From now on, up to <paramref name="until"/>, arrivals are watched. What was watched before ends here.</summary>
    public void Watch(long now, long until)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                _longest = Math.Max(_longest, now - _last);
                End();
            }

            _usual = interval > 0 ? interval : _count > 1 ? (_last - _first) / (_count - 1) : 0;
            _last = _last < 0 ? now : _last;
            _longest = 0;
            _until = until;
            _isWatching = true;
        }
    }

    /// <summary>Arrivals are no longer due. A member that had none since is charged with the whole time up to now.</summary>
    public void Close(long now)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                _longest = Math.Max(_longest, Math.Min(now, Math.Max(_until, _last)) - _last);
                End();
            }
        }
    }

    private void End()
    {
        _isWatching = false;
        ended(Math.Max(0, _longest - _usual));
    }
}
