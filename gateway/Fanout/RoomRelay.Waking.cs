namespace QuicChat.Gateway.Fanout;

// Wakes the members. To each of them goes a datagram at least, whatever is in it: in a large and busy room messages are gathered for a moment.
// There the members take turns, too: a burst of hundreds of datagrams would hold up everything else, the next publish included.
internal sealed partial class RoomRelay
{
    private const int MembersPerTurn = 25;

    // Timers are hardly finer, and a few members cost little.
    private static readonly TimeSpan LeastGatherTime = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LeastTurnTime = TimeSpan.FromMilliseconds(3);

    private ITimer? _turning;
    private bool _hasNews;
    private int _turns = 1;
    private int _turn;
    private int _turnsLeft;
    private long? _wokenAt;

    private TimeSpan GatherTime
        => TimeSpan.FromTicks(Math.Min(_members.Count * _relays.Options.GatherTimePerMember.Ticks, _relays.Options.MaxGatherTime.Ticks));

    /// <summary>Has the members write what is new, at once or each in its turn.</summary>
    public void WakeMembers()
    {
        lock (_lock)
        {
            if (!_hasNews)
            {
                return;
            }

            _hasNews = false;
            var gather = GatherTime;
            if (_turnsLeft == 0 && (gather < LeastGatherTime || _wokenAt is not { } last || Time.GetElapsedTime(last) >= gather))
            {
                _wokenAt = Time.GetTimestamp();
                foreach (var member in _members)
                {
                    member.Wake();
                }

                return;
            }

            var isTurning = _turnsLeft > 0;
            _turns = Math.Max(1, Math.Min(_members.Count / MembersPerTurn, (int)(gather / LeastTurnTime)));
            _turnsLeft = _turns;
            if (!isTurning)
            {
                SetTimer();
            }
        }
    }

    private void SetTimer()
    {
        var rest = (GatherTime / _turns) - Time.GetElapsedTime(_wokenAt!.Value);
        _turning ??= Time.CreateTimer(static relay => ((RoomRelay)relay!).TakeTurns(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _turning.Change(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void TakeTurns()
    {
        lock (_lock)
        {
            // A timer that is late makes up for it.
            var due = Time.GetElapsedTime(_wokenAt!.Value) / (GatherTime / _turns);
            _wokenAt = Time.GetTimestamp();
            do
            {
                _turn = (_turn + 1) % _turns;
                _turnsLeft--;
                foreach (var member in _members)
                {
                    if (member.Number % _turns == _turn)
                    {
                        member.Wake();
                    }
                }
            }
            while (--due >= 1 && _turnsLeft > 0);

            if (_turnsLeft > 0)
            {
                SetTimer();
            }
        }
    }
}
