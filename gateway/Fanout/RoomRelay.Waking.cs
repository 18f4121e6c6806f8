namespace QuicChat.Gateway.Fanout;

// Wakes the members. To each of them goes a datagram at least, whatever is in it: in a large and busy room messages are gathered for a moment.
internal sealed partial class RoomRelay
{
    // Timers are hardly finer, and a few members cost little.
    private static readonly TimeSpan LeastGatherTime = TimeSpan.FromMilliseconds(2);

    private ITimer? _gathered;
    private bool _hasNews;
    private bool _isGathering;
    private long? _wokenAt;

    /// <summary>Has the members write what is new, at once or after gathering more of it.</summary>
    public void WakeMembers()
    {
        lock (_lock)
        {
            if (!_hasNews || _isGathering)
            {
                return;
            }

            var gather = TimeSpan.FromTicks(
                Math.Min(_members.Count * _relays.Options.GatherTimePerMember.Ticks, _relays.Options.MaxGatherTime.Ticks));
            if (gather >= LeastGatherTime && _wokenAt is { } last && gather - Time.GetElapsedTime(last) is { Ticks: > 0 } rest)
            {
                _isGathering = true;
                _gathered ??= Time.CreateTimer(
                    static relay => ((RoomRelay)relay!).EndGathering(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _gathered.Change(rest, Timeout.InfiniteTimeSpan);
                return;
            }

            WakeNow();
        }
    }

    private void EndGathering()
    {
        lock (_lock)
        {
            _isGathering = false;
            WakeNow();
        }
    }

    private void WakeNow()
    {
        _hasNews = false;
        _wokenAt = Time.GetTimestamp();
        foreach (var member in _members)
        {
            member.Wake();
        }
    }
}
