using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>
/// Keeps the path open and finds out when it is dead. QUIC's own PING, where the engine offers it, is the cheaper keep-alive, but its answer is not
/// seen here; so while a room is active an application Ping asks for an answer, too, once nothing has been heard for a sixth of the time that a
/// path may stay dead. While rooms are joined and quiet, an application Ping takes the place of the engine's, for who waits must
/// notice that none can come. Where the engine offers none, application Pings do both.
/// </summary>
internal sealed class KeepAlive : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly IConnectionKeepAliveFeature? _feature;
    private readonly TimeSpan _activeInterval;
    private readonly TimeSpan _activeWindow;
    private readonly TimeSpan _idleInterval;
    private readonly Action _ping;
    private readonly Action<bool> _silent;
    private readonly Action<TimeSpan> _dead;
    private readonly ITimer _timer;

    private TimeSpan _probeInterval;
    private TimeSpan _deadAfter;
    private long _lastHeard;
    private long _lastTraffic;
    private volatile bool _isActive;
    private int _rooms;
    private int _joining;
    private long _activeSince;
    private long _lastPing;
    private long? _unansweredSince;
    private volatile bool _isAsking;
    private bool _isSilent;
    private bool _isDisposed;

    /// <summary>Starts with no room.</summary>
    /// <param name="options">The intervals and the clock.</param>
    /// <param name="feature">The engine's keep-alive, if it has one.</param>
    /// <param name="idleTimeout">Silence after which the gateway gives the connection up.</param>
    /// <param name="migrationTimeout">How long a Ping may stay unanswered until the path counts as dead.</param>
    /// <param name="ping">Sends an application Ping. It and those below are called under the lock or on a timer, so they must not block.</param>
    /// <param name="silent">Told that a Ping has stayed unanswered for a sixth of that time, too, and when something is heard again.</param>
    /// <param name="dead">Called once, with the length of the silence, when the path is dead.</param>
    public KeepAlive(
        ChatClientOptions options,
        IConnectionKeepAliveFeature? feature,
        TimeSpan idleTimeout,
        TimeSpan migrationTimeout,
        Action ping,
        Action<bool> silent,
        Action<TimeSpan> dead)
    {
        _time = options.TimeProvider;
        _feature = feature;
        // Two PINGs may be lost before the idle time-out.
        _idleInterval = Min(options.IdleKeepAlive, idleTimeout / 3);
        _activeInterval = Min(options.ActiveKeepAlive, _idleInterval);
        _activeWindow = options.ActiveWindow;
        _ping = ping;
        _silent = silent;
        _dead = dead;
        _lastHeard = _lastPing = _activeSince = _time.GetTimestamp();
        _lastTraffic = _lastHeard - (long)(_activeWindow.TotalSeconds * _time.TimestampFrequency);
        _timer = _time.CreateTimer(static state => ((KeepAlive)state!).Evaluate(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        DeadAfter(migrationTimeout);
    }

    /// <summary>How long a Ping may stay unanswered until the path counts as dead, from now on.</summary>
    public void DeadAfter(TimeSpan migrationTimeout)
    {
        lock (_gate)
        {
            _deadAfter = migrationTimeout;
            _probeInterval = Max(_activeInterval, migrationTimeout / 6);
        }

        Evaluate();
    }

    /// <summary>Bytes have arrived from the gateway.</summary>
    public void Heard()
    {
        Volatile.Write(ref _lastHeard, _time.GetTimestamp());
        if (_isAsking)
        {
            lock (_gate)
            {
                _isAsking = false;
                _unansweredSince = null;
                if (_isSilent)
                {
                    _isSilent = false;
                    _silent(false);
                }
            }
        }
    }

    /// <summary>A room's stream has carried something in either direction, and not only that the room is entered.</summary>
    public void RoomTraffic()
    {
        Volatile.Write(ref _lastTraffic, _time.GetTimestamp());
        if (!_isActive)
        {
            Evaluate();
        }
    }

    /// <summary>A room is being entered: it is active until the answer is there, which must not be lost to a path that changes meanwhile.</summary>
    public void RoomAdded()
    {
        Interlocked.Increment(ref _joining);
        Interlocked.Increment(ref _rooms);
        Evaluate();
    }

    /// <summary>The answer is there, or not waited for. That alone makes no room active: where nothing is said, nobody misses anything.</summary>
    public void RoomAnswered()
    {
        Interlocked.Decrement(ref _joining);
        Evaluate();
    }

    /// <summary>A room has been left.</summary>
    public void RoomRemoved()
    {
        Interlocked.Decrement(ref _rooms);
        Evaluate();
    }

    /// <summary>The network may have changed: shows the gateway the new path at once, and asks whether it works.</summary>
    public void NetworkChanged()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            Ping(_time.GetTimestamp());
        }

        Evaluate();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer.Dispose();
        }
    }

    private void Evaluate()
    {
        TimeSpan silence;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            var now = _time.GetTimestamp();
            SetActive(now);
            var lastHeard = Volatile.Read(ref _lastHeard);
            silence = _time.GetElapsedTime(lastHeard, now);
            if (_unansweredSince is not { } since || _time.GetElapsedTime(since, now) < _deadAfter)
            {
                PingIfSilent(now, lastHeard);
                TellIfSilent(now);
                _timer.Change(UntilNext(now, lastHeard), Timeout.InfiniteTimeSpan);
                return;
            }

            _isDisposed = true;
            _timer.Dispose();
        }

        _dead(silence);
    }

    private void SetActive(long now)
    {
        var isActive = _rooms > 0 && (_joining > 0 || _time.GetElapsedTime(Volatile.Read(ref _lastTraffic), now) < _activeWindow);
        if (isActive && !_isActive)
        {
            // A first message after a long silence says nothing about the path; its answer has its time, too.
            _activeSince = now;
        }

        _isActive = isActive;
        var interval = isActive ? _activeInterval : _rooms > 0 ? Timeout.InfiniteTimeSpan : _idleInterval;
        if (_feature is not null && _feature.KeepAliveInterval != interval)
        {
            _feature.KeepAliveInterval = interval;
        }
    }

    private void PingIfSilent(long now, long lastHeard)
    {
        if (PingInterval is { } interval && _time.GetElapsedTime(SilentSince(lastHeard), now) >= interval)
        {
            Ping(now);
        }
    }

    private void TellIfSilent(long now)
    {
        if (!_isSilent && _unansweredSince is { } since && _time.GetElapsedTime(since, now) >= _probeInterval)
        {
            _isSilent = true;
            _silent(true);
        }
    }

    private void Ping(long now)
    {
        _lastPing = now;
        _unansweredSince ??= now;
        _isAsking = true;
        _ping();
    }

    private TimeSpan UntilNext(long now, long lastHeard)
    {
        var next = TimeSpan.MaxValue;
        if (_isActive && _joining == 0)
        {
            next = Min(next, _activeWindow - _time.GetElapsedTime(Volatile.Read(ref _lastTraffic), now));
        }

        if (PingInterval is { } interval)
        {
            next = Min(next, interval - _time.GetElapsedTime(SilentSince(lastHeard), now));
        }

        if (_unansweredSince is { } since)
        {
            next = Min(next, (_isSilent ? _deadAfter : _probeInterval) - _time.GetElapsedTime(since, now));
        }

        return next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : Max(next, TimeSpan.FromMilliseconds(1));
    }

    /// <summary>Silence after which an application Ping is due; none while the engine's PING is enough.</summary>
    private TimeSpan? PingInterval => (_feature, _isActive || _unansweredSince is not null) switch
    {
        (null, _) => _isActive ? _activeInterval : _idleInterval,
        (_, true) => _probeInterval,
        _ => _rooms > 0 ? _idleInterval : null,
    };

    private long SilentSince(long lastHeard)
        => Math.Max(Math.Max(lastHeard, _lastPing), _feature is null ? 0 : _activeSince);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
