using System.Collections.Immutable;
using System.Diagnostics;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// Who is in a room, as this gateway tells its members that have asked. Changes are gathered, and told in versions: a member that has the one
/// before is sent what has changed, any other one all. So what is kept does not grow with slow members.
/// </summary>
internal sealed class PresenceView : IDisposable
{
    /// <summary>1,000 users are named; of more the count tells. That keeps what a new member is sent below a few frames.</summary>
    public const int MaxNamed = 1_000;

    /// <summary>250 ms between two versions: nobody sees a user come later than that, and a thousand that come at once are a few frames.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // A member that is busy for two seconds is still sent changes only.
    private const int VersionsKept = 8;

    // Timers may be a little early.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    // Changes that overtake what they follow on.
    private const int MaxBatchesAhead = 16;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Action _changed;
    private readonly ITimer _timer;

    // Everyone in the room, and why: a user is gone when no reason is left.
    private readonly Dictionary<string, (RoomUser User, Reason Why)> _users = [];
    private readonly HashSet<string> _named = [];
    private readonly HashSet<string> _unnamed = [];

    // What the newest version says, and what has changed since.
    private readonly Dictionary<string, RoomUser> _told = [];
    private readonly HashSet<string> _dirty = [];
    private readonly Queue<ImmutableArray<ReadOnlyMemory<byte>>> _changes = [];
    private ImmutableArray<ReadOnlyMemory<byte>> _complete;
    private int _toldCount = -1;
    private long _version;
    private long? _versionAt;

    private readonly Queue<PresenceBatch> _ahead = [];
    private string? _writer;
    private long _number;
    private bool _lacks = true;
    private long? _settlesAt;

    /// <summary>Makes a view that knows nothing yet but this gateway's own users.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="changed">Runs when there is a new version.</param>
    /// <param name="own">This gateway's users in the room.</param>
    public PresenceView(TimeProvider time, Action changed, IEnumerable<RoomUser> own)
    {
        _time = time;
        _changed = changed;
        _timer = time.CreateTimer(static view => ((PresenceView)view!).OnTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var user in own)
        {
            Give(user, Reason.Own);
        }
    }

    /// <summary>Why a user is taken to be in the room.</summary>
    [Flags]
    private enum Reason
    {
        None = 0,

        /// <summary>By this gateway. The room says so too, but later.</summary>
        Own = 1,

        /// <summary>The room says so.</summary>
        Stated = 2,

        /// <summary>A former activation of the room said so; the one that is there now may not have heard of it yet.</summary>
        Former = 4,
    }

    /// <summary>Whether the room is to be asked for all.</summary>
    public bool NeedsReading(string writer)
    {
        lock (_lock)
        {
            return _writer != writer || _lacks;
        }
    }

    /// <summary>A user of this gateway has come or gone.</summary>
    public void SetOwn(RoomUser user, bool isThere) => Update(() =>
    {
        if (isThere)
        {
            Give(user, Reason.Own);
        }
        else
        {
            Take(user.UserId, Reason.Own);
        }
    });

    /// <summary>The room has said who is in it.</summary>
    public void Read(RoomPresence presence) => Update(() =>
    {
        var before = _users.Keys.ToList();
        if (_writer is not null && _writer != presence.Writer && presence.SettlesIn > TimeSpan.Zero)
        {
            _settlesAt = _time.GetTimestamp() + (long)(presence.SettlesIn.TotalSeconds * _time.TimestampFrequency);
            foreach (var (user, why) in _users.Values.Where(user => (user.Why & Reason.Stated) != 0).ToList())
            {
                _users[user.UserId] = (user, why | Reason.Former);
            }
        }

        (_writer, _number, _lacks) = (presence.Writer, presence.Number, false);
        foreach (var user in presence.Users)
        {
            Give(user, Reason.Stated);
        }

        var stated = presence.Users.Select(user => user.UserId).ToHashSet();
        foreach (var userId in before.Where(userId => !stated.Contains(userId)))
        {
            Take(userId, Reason.Stated);
        }

        while (_ahead.TryDequeue(out var batch))
        {
            Apply(batch);
        }
    });

    /// <summary>Takes changes from the room.</summary>
    /// <returns><see langword="false"/> where some before them are missing; the room is to be asked for all then.</returns>
    public bool TryTake(PresenceBatch batch)
    {
        var follows = true;
        Update(() =>
        {
            _lacks |= batch.Writer != _writer;
            Apply(batch);
            follows = !_lacks;
            if (!follows)
            {
                // What is being read now may be from before it.
                _ahead.Enqueue(batch);
                if (_ahead.Count > MaxBatchesAhead)
                {
                    _ahead.Dequeue();
                }
            }
        });
        return follows;
    }

    /// <summary>What a member is to be sent that has a version, 0 for none.</summary>
    /// <param name="version">The version that it has; the newest one afterwards.</param>
    /// <returns>Frames; none where it has the newest version.</returns>
    public ImmutableArray<ReadOnlyMemory<byte>> Next(ref long version)
    {
        if (Volatile.Read(ref _version) == version)
        {
            return [];
        }

        lock (_lock)
        {
            var behind = _version - version;
            var isFirst = version == 0;
            version = _version;
            if (!isFirst && behind <= _changes.Count)
            {
                return [.. _changes.Skip(_changes.Count - (int)behind).SelectMany(frames => frames)];
            }

            if (_complete.IsDefault)
            {
                _complete = PresenceFrames.Encode(_toldCount, true, _told.Values, []);
            }

            return _complete;
        }
    }

    /// <summary>Ends the timer.</summary>
    public void Dispose() => _timer.Dispose();

    private void OnTime() => Update(static () => { });

    private void Update(Action act)
    {
        bool isNew;
        lock (_lock)
        {
            act();
            Settle();
            isNew = TryBeginVersion();
        }

        if (isNew)
        {
            _changed();
        }
    }

    private void Apply(PresenceBatch batch)
    {
        // A late one of a former activation says nothing any more.
        if (batch.Writer != _writer || batch.To <= _number || _lacks)
        {
            return;
        }

        if (batch.From > _number)
        {
            _lacks = true;
            return;
        }

        _number = batch.To;
        foreach (var user in batch.Joined)
        {
            Give(user, Reason.Stated);
        }

        foreach (var userId in batch.Left)
        {
            Take(userId, Reason.Stated);
        }
    }

    private void Settle()
    {
        if (_settlesAt is { } end && _time.GetElapsedTime(_time.GetTimestamp(), end) < Tolerance)
        {
            _settlesAt = null;
            foreach (var userId in _users.Where(user => (user.Value.Why & Reason.Former) != 0).Select(user => user.Key).ToList())
            {
                Take(userId, Reason.Former);
            }
        }
    }

    /// <summary>Makes what has changed a new version, where it is time to; otherwise sees to it that it is looked at then.</summary>
    private bool TryBeginVersion()
    {
        // Without the room's word nothing is told: it would be this gateway's users only.
        var isDue = _writer is not null && (_dirty.Count > 0 || _toldCount != _users.Count);
        var wait = isDue && _versionAt is { } last ? Interval - _time.GetElapsedTime(last) : TimeSpan.Zero;
        if (isDue && wait < Tolerance)
        {
            var (joined, left) = (new List<RoomUser>(), new List<RoomUser>());
            foreach (var userId in _dirty)
            {
                if (_named.Contains(userId))
                {
                    if (_told.TryAdd(userId, _users[userId].User))
                    {
                        joined.Add(_users[userId].User);
                    }
                }
                else if (_told.Remove(userId, out var user))
                {
                    left.Add(user);
                }
            }

            _dirty.Clear();
            isDue = joined.Count > 0 || left.Count > 0 || _toldCount != _users.Count;
            if (isDue)
            {
                _toldCount = _users.Count;
                _changes.Enqueue(PresenceFrames.Encode(_toldCount, false, joined, left));
                if (_changes.Count > VersionsKept)
                {
                    _changes.Dequeue();
                }

                _complete = default;
                Volatile.Write(ref _version, _version + 1);
                _versionAt = _time.GetTimestamp();
            }
        }
        else if (isDue)
        {
            Wake(wait);
            return false;
        }

        if (_settlesAt is { } settlesAt)
        {
            Wake(_time.GetElapsedTime(_time.GetTimestamp(), settlesAt));
        }

        return isDue;
    }

    private void Wake(TimeSpan wait) => _timer.Change(wait > Tolerance ? wait : Tolerance, Timeout.InfiniteTimeSpan);

    private void Give(RoomUser user, Reason reason)
    {
        if (_users.TryGetValue(user.UserId, out var known))
        {
            _users[user.UserId] = (known.User, known.Why | reason);
            return;
        }

        _users.Add(user.UserId, (user, reason));
        if (_named.Count < MaxNamed)
        {
            Name(user.UserId);
        }
        else
        {
            _unnamed.Add(user.UserId);
        }
    }

    private void Take(string userId, Reason reason)
    {
        if (!_users.TryGetValue(userId, out var known))
        {
            return;
        }

        if ((known.Why & ~reason) is not Reason.None and var left)
        {
            _users[userId] = (known.User, left);
            return;
        }

        _users.Remove(userId);
        if (_unnamed.Remove(userId))
        {
            return;
        }

        _named.Remove(userId);
        _dirty.Add(userId);
        foreach (var next in _unnamed)
        {
            // Its place is another's now.
            _unnamed.Remove(next);
            Name(next);
            break;
        }
    }

    private void Name(string userId)
    {
        Debug.Assert(_users.ContainsKey(userId), "Only who is there is named.");
        _named.Add(userId);
        _dirty.Add(userId);
    }
}
