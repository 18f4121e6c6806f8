namespace QuicChat.Quic.Simulation;

/// <summary>One direction of a client's path: it delays, loses, duplicates, reorders and limits datagrams between the client and its NAT.</summary>
public sealed class SimulatedLink
{
    /// <summary>How many bytes may be under way at once whatever the delay: what a flood of datagrams can cost in memory.</summary>
    private const int MaxBytesUnderWay = 32 * 1024 * 1024;

    /// <summary>How many random numbers each datagram takes, used or not, so that its fate depends on its number and not on earlier conditions.</summary>
    private const int NumbersPerDatagram = 4;

    private readonly Lock _gate;
    private readonly DelayLine _line;
    private readonly Func<ReadOnlySpan<byte>, SimulatedPath?, LinkOutcome> _exit;
    private readonly List<(Func<LinkCounters, bool> Condition, TaskCompletionSource Reached)> _waiters = [];
    private SplitMix64 _random;
    private LinkConditions _conditions;
    private LinkCounters _counters;
    private DelayedDatagram? _heldBack;
    private int _queued;
    private int _bytesUnderWay;
    private long _newestForwarded;
    private TimeSpan _lineIsFree;
    private TimeSpan _lastExit;
    private bool _closed;

    internal SimulatedLink(
        Lock gate, DelayLine line, SplitMix64 random, LinkConditions conditions, Func<ReadOnlySpan<byte>, SimulatedPath?, LinkOutcome> exit)
    {
        _gate = gate;
        _line = line;
        _random = random;
        _conditions = conditions;
        _exit = exit;
    }

    /// <summary>What the link does to datagrams from now on; those under way keep their time.</summary>
    /// <exception cref="ArgumentException">The conditions are not valid; the message says which.</exception>
    public LinkConditions Conditions
    {
        get
        {
            lock (_gate)
            {
                return _conditions;
            }
        }

        set
        {
            ThrowIfNotValid(value);
            lock (_gate)
            {
                _conditions = value;
            }
        }
    }

    /// <summary>What became of the datagrams so far.</summary>
    public LinkCounters Counters
    {
        get
        {
            lock (_gate)
            {
                return _counters;
            }
        }
    }

    /// <summary>Waits until the counters fulfil a condition; at once where they do.</summary>
    /// <param name="condition">It is asked after each datagram and must not block.</param>
    /// <returns>A task that is cancelled where the simulator forgets the client.</returns>
    public Task WaitForAsync(Func<LinkCounters, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (condition(_counters))
            {
                return Task.CompletedTask;
            }

            if (_closed)
            {
                reached.SetCanceled();
            }
            else
            {
                _waiters.Add((condition, reached));
            }

            return reached.Task;
        }
    }

    internal static void ThrowIfNotValid(LinkConditions conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        if (conditions.Validate().FirstOrDefault() is { } failure)
        {
            throw new ArgumentException(failure, nameof(conditions));
        }
    }

    /// <summary>Takes a datagram in. The caller holds the gate.</summary>
    /// <param name="datagram">Its bytes; not used after the call.</param>
    /// <param name="path">The path that it came by, for the way to the client.</param>
    internal void Accept(ReadOnlySpan<byte> datagram, SimulatedPath? path = null)
    {
        var number = Count(_counters with { Received = _counters.Received + 1 }).Received;
        if (_conditions.IsUnimpaired && _queued == 0 && _heldBack is null)
        {
            _random.Skip(NumbersPerDatagram);
            Forward(number, datagram, path);
        }
        else
        {
            Impair(number, datagram, path);
        }

        WakeWaiters();
    }

    /// <summary>Counts a datagram that does not get as far as the link. The caller holds the gate.</summary>
    internal void Reject(LinkOutcome outcome)
    {
        Count(_counters with { Received = _counters.Received + 1 });
        Count(outcome);
        WakeWaiters();
    }

    /// <summary>Lets a datagram go whose time has come. Called by the delay line.</summary>
    internal void Release(DelayedDatagram datagram)
    {
        lock (_gate)
        {
            if (datagram.IsFinished)
            {
                return;
            }

            if (datagram == _heldBack)
            {
                _heldBack = null;
            }
            else
            {
                _queued--;
            }

            Finish(datagram);
            WakeWaiters();
        }
    }

    /// <summary>Lets nothing pass any more. The caller holds the gate.</summary>
    internal void Close()
    {
        _closed = true;
        foreach (var (_, reached) in _waiters)
        {
            reached.SetCanceled();
        }

        _waiters.Clear();
    }

    private void Impair(long number, ReadOnlySpan<byte> datagram, SimulatedPath? path)
    {
        var isLost = _random.NextUnit() * 100 < _conditions.LossPercent;
        var isDuplicated = _random.NextUnit() * 100 < _conditions.DuplicatePercent;
        var isHeldBack = _random.NextUnit() * 100 < _conditions.ReorderPercent && _heldBack is null;
        var jitter = _conditions.Jitter * _random.NextUnit();
        if (isLost)
        {
            Count(LinkOutcome.Lost);
            return;
        }

        var now = _line.Now;
        if (!TryQueue(datagram.Length, now, out var atNat))
        {
            Count(LinkOutcome.Overflowed);
            return;
        }

        var exit = atNat + _conditions.Delay + jitter;
        if (exit < _lastExit)
        {
            exit = _lastExit;
        }

        if (isHeldBack)
        {
            _heldBack = Hold(number, datagram, path, exit + _conditions.ReorderHold);
            return;
        }

        _lastExit = exit;
        Pass(number, datagram, path, now, exit);
        if (isDuplicated)
        {
            Count(_counters with { Duplicated = _counters.Duplicated + 1 });
            if (TryQueue(datagram.Length, now, out _))
            {
                Pass(number, datagram, path, now, exit);
            }
            else
            {
                Count(LinkOutcome.Overflowed);
            }
        }

        if (_heldBack is { } held && ++held.Overtakers >= _conditions.ReorderDistance)
        {
            _heldBack = null;
            if (MayLeave(now, exit))
            {
                Finish(held);
            }
            else
            {
                _queued++;
                _line.Add(held, exit);
            }
        }
    }

    private bool TryQueue(int length, TimeSpan now, out TimeSpan exit)
    {
        exit = now;
        if (_bytesUnderWay + length > MaxBytesUnderWay)
        {
            return false;
        }

        if (_conditions.BitsPerSecond is not { } rate)
        {
            return true;
        }

        var begin = _lineIsFree > now ? _lineIsFree : now;
        var waiting = (begin - now).TotalSeconds * rate / 8;
        if (waiting > 0 && waiting + length > _conditions.QueueBytes)
        {
            return false;
        }

        exit = _lineIsFree = begin + TimeSpan.FromSeconds(length * 8.0 / rate);
        return true;
    }

    private void Pass(long number, ReadOnlySpan<byte> datagram, SimulatedPath? path, TimeSpan now, TimeSpan exit)
    {
        if (MayLeave(now, exit))
        {
            Forward(number, datagram, path);
        }
        else
        {
            _queued++;
            Hold(number, datagram, path, exit);
        }
    }

    private bool MayLeave(TimeSpan now, TimeSpan exit) => exit <= now && _queued == 0;

    private DelayedDatagram Hold(long number, ReadOnlySpan<byte> datagram, SimulatedPath? path, TimeSpan exit)
    {
        var delayed = new DelayedDatagram(this, number, datagram, path);
        _bytesUnderWay += delayed.Length;
        _line.Add(delayed, exit);
        return delayed;
    }

    private void Finish(DelayedDatagram datagram)
    {
        _bytesUnderWay -= datagram.Length;
        if (!_closed)
        {
            Forward(datagram.Number, datagram.Bytes, datagram.Path);
        }

        datagram.Finish();
    }

    private void Forward(long number, ReadOnlySpan<byte> datagram, SimulatedPath? path)
    {
        var outcome = _exit(datagram, path);
        Count(outcome);
        if (outcome != LinkOutcome.Forwarded)
        {
            return;
        }

        if (number < _newestForwarded)
        {
            Count(_counters with { Reordered = _counters.Reordered + 1 });
        }
        else
        {
            _newestForwarded = number;
        }
    }

    private LinkCounters Count(LinkCounters counters) => _counters = counters;

    private void Count(LinkOutcome outcome) => _counters = outcome switch
    {
        LinkOutcome.Forwarded => _counters with { Forwarded = _counters.Forwarded + 1 },
        LinkOutcome.Lost => _counters with { Lost = _counters.Lost + 1 },
        LinkOutcome.Blackholed => _counters with { Blackholed = _counters.Blackholed + 1 },
        LinkOutcome.Overflowed => _counters with { Overflowed = _counters.Overflowed + 1 },
        LinkOutcome.Unmapped => _counters with { Unmapped = _counters.Unmapped + 1 },
        _ => _counters with { Refused = _counters.Refused + 1 },
    };

    private void WakeWaiters()
    {
        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            var (condition, reached) = _waiters[i];
            if (condition(_counters))
            {
                reached.SetResult();
                _waiters.RemoveAt(i);
            }
        }
    }
}
