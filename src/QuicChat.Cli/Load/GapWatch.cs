namespace QuicChat.Cli.Load;

/// <summary>
/// Measures what a change costs one member, in constant memory: the longest time between two arrivals that overlaps the time watched,
/// less the usual interval. The interval under way at the change counts whole, and so does the last one, up to the arrival that ends it.
/// Beside it stands the same with the interval in which the member first sent something after the change counted only from there on.
/// Times are in microseconds since one start and never go back. For any threads.
/// </summary>
/// <param name="interval">The usual interval; zero takes the mean up to the change.</param>
/// <param name="ended">Is given each gap.</param>
internal sealed class GapWatch(long interval, Action<Gap> ended)
{
    private const long Never = -1;

    private readonly Lock _gate = new();
    private long _first = Never;
    private long _last = Never;
    private long _count;
    private bool _isWatching;
    private long _from;
    private long _until;
    private long _shown;
    private long _longest;
    private long _beyond;
    private long _usual;

    /// <summary>A message arrived.</summary>
    public void Arrived(long at)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                Silent(at);
                if (at >= _until)
                {
                    End(isBack: true);
                }
            }

            _first = _first == Never ? at : _first;
            _last = at;
            _count++;
        }
    }

    /// <summary>The member sends something; the first after a change shows where it is now.</summary>
    public void Sent(long at)
    {
        lock (_gate)
        {
            if (_isWatching && _shown == Never && at >= _from)
            {
                _shown = at;
            }
        }
    }

    /// <summary>From now on, up to <paramref name="until"/>, arrivals are watched. What was watched before ends here.</summary>
    /// <param name="now">The time of the change.</param>
    /// <param name="until">When it is watched no longer.</param>
    /// <param name="isShown">Whether the change shows by itself where the member is now.</param>
    public void Watch(long now, long until, bool isShown)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                Silent(now);
                End(isBack: true);
            }

            _usual = interval > 0 ? interval : _count > 1 ? (_last - _first) / (_count - 1) : 0;
            _last = _last == Never ? now : _last;
            (_from, _until) = (now, until);
            _shown = isShown ? now : Never;
            (_longest, _beyond) = (0, 0);
            _isWatching = true;
        }
    }

    /// <summary>Arrivals are no longer waited for.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isBack">
    /// Whether the newest message has arrived at the member. One that lacks it is charged with the whole silence up to now, which began
    /// before the end of the time watched, and is told as not back; its silence goes on.
    /// </param>
    public void Close(long now, bool isBack)
    {
        lock (_gate)
        {
            if (_isWatching)
            {
                if (!isBack)
                {
                    Silent(now);
                }

                End(isBack);
            }
        }
    }

    // Nothing arrived from the last arrival up to now. What was sent before that arrival has no part in it.
    private void Silent(long now)
    {
        _longest = Math.Max(_longest, now - _last);
        _beyond = Math.Max(_beyond, now - Math.Max(_last, _shown));
    }

    private void End(bool isBack)
    {
        _isWatching = false;
        ended(new Gap(Math.Max(0, _longest - _usual), Math.Max(0, _beyond - _usual), isBack));
    }
}
