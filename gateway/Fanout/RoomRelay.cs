using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// One room at this gateway: keeps the room's wish for messages alive, takes its batches, fills holes from the log, and wakes its members.
/// Batches are a hint; what a batch or an answer shows to be missing is read.
/// </summary>
internal sealed class RoomRelay
{
    private const int PageSize = 100;

    // Members that come and go within it are told to the room together; it is told at once where nothing was told for so long.
    private static readonly TimeSpan RosterInterval = TimeSpan.FromMilliseconds(50);

    private readonly RoomRelays _relays;
    private readonly IRoomGrain _grain;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _renewing = new(1);
    private readonly AsyncSignal _due = new();
    private readonly Task _running;

    private readonly Lock _lock = new();
    private readonly HashSet<RoomMember> _members = [];
    private readonly HashSet<RoomMember> _watchers = [];
    private readonly RoomRoster _roster;
    private PresenceView? _presence;
    private readonly BatchesAhead _ahead;
    private TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoomEpoch? _epoch;
    private string _writer = "";
    private long _firstStored;
    private long _lastStored;
    private bool _filling;
    private long _trimTo;
    private long _trimmedAt;
    private bool _isAsked;

    /// <summary>Begins to follow a room.</summary>
    public RoomRelay(RoomRelays relays, string room, long roster)
    {
        _relays = relays;
        _roster = new RoomRoster(roster);
        _ahead = new BatchesAhead(relays.Options.MaxBatchesAhead, relays.Options.RingBytes);
        _trimmedAt = relays.Time.GetTimestamp();
        Room = room;
        _grain = relays.Cluster.Room(room);
        Publisher = new RoomPublisher(relays, room, _grain, _stopping.Token);
        _running = RunAsync();
    }

    /// <summary>The room's name.</summary>
    public string Room { get; }

    /// <summary>The way of messages to the room.</summary>
    public RoomPublisher Publisher { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time => _relays.Time;

    /// <summary>Room streams that use this relay; owned by <see cref="RoomRelays"/>.</summary>
    public int Users { get; set; }

    /// <summary>Why members of an old epoch end: a client that joins again learns the new one. The connection is not going anywhere.</summary>
    public static RoomStreamException NewEpoch(string room)
        => new(ErrorCode.GoingAway, $"The log of room {room} was lost and has begun anew; join again.");

    /// <summary>Takes a stream in: decides where it goes on, once the room's tail is known.</summary>
    /// <param name="after">Where the client says it is.</param>
    /// <param name="newest">How many of the newest messages it wants where that place cannot be gone on from.</param>
    /// <param name="user">Whose stream it is.</param>
    /// <param name="wantsPresence">Whether it is to be told who is in the room.</param>
    /// <param name="wake">What to set when there is something to write.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<RoomMember> JoinAsync(
        LogPosition? after, int newest, RoomUser user, bool wantsPresence, AsyncSignal wake, CancellationToken cancellationToken)
    {
        await WhenAttached().WaitAsync(cancellationToken);
        var backoff = new Backoff();
        var asked = false;
        for (var tries = 0; ; tries++)
        {
            var (epoch, first, last) = Known();
            var reaches = after is { } place && place.Epoch == epoch.Name && place.Offset <= last && place.Offset + 1 >= first;

            // A client may know more of the log than this gateway does yet; that its place is gone is only said after asking the room.
            if (reaches || after is null || asked)
            {
                var position = reaches ? after!.Value.Offset : Math.Max(last - newest, first - 1);
                if (await TryBeginAsync(epoch, position, last) is { } page
                    && TryAdmit(new RoomMember(this, epoch, position, reaches, page, user, wake), wantsPresence) is { } member)
                {
                    return member;
                }
            }

            if (tries > 0)
            {
                await Task.Delay(backoff.Next(), Time, cancellationToken);
            }

            asked = await TryRenewAsync(cancellationToken);
        }
    }

    /// <summary>Lets a stream go.</summary>
    public void Leave(RoomMember member)
    {
        lock (_lock)
        {
            _members.Remove(member);
            if (_watchers.Remove(member) && _watchers.Count == 0)
            {
                _presence!.Dispose();
                _presence = null;
            }

            if (_roster.Remove(member.User))
            {
                _presence?.SetOwn(member.User, false);
                _due.Set();
            }
        }
    }

    /// <summary>Takes a batch of who has come and gone.</summary>
    public void Deliver(PresenceBatch batch)
    {
        lock (_lock)
        {
            if (_presence?.TryTake(batch) == false)
            {
                Ask();
            }
        }
    }

    /// <summary>Takes a batch from the room.</summary>
    public void Deliver(RoomBatch batch)
    {
        lock (_lock)
        {
            if (_epoch is null)
            {
                return;
            }

            if (batch.Epoch != _epoch.Name || batch.Writer != _writer)
            {
                // Old or new, and whether it goes on from what is known here: only the room knows.
                Ask();
                return;
            }

            if (batch.Messages[0].Offset > _epoch.Ring.Last + 1)
            {
                _ahead.Add(batch);
                _relays.Metrics.FanoutHole();
            }
            else
            {
                Append(batch.Messages);
            }

            Want(batch.Messages[^1].Offset);
        }
    }

    /// <summary>Asks for the room's messages again, now.</summary>
    public void RenewNow()
    {
        lock (_lock)
        {
            Ask();
        }
    }

    /// <summary>Reads a page of the log.</summary>
    /// <returns>
    /// The page, or <see langword="null"/> where the room could not be reached, or is to be asked first whether it goes on from what is known.
    /// </returns>
    public async Task<RoomPage?> TryReadAsync(long from, int limit = PageSize)
    {
        try
        {
            var page = await _grain.Read(from, limit);
            lock (_lock)
            {
                if (page.Tail.Epoch != _epoch!.Name || page.Tail.Writer == _writer)
                {
                    return page;
                }

                Ask();
                return null;
            }
        }
        catch (Exception e)
        {
            _relays.Logger.RoomCallFailed(Room, nameof(IRoomGrain.Read), e);
            _relays.Metrics.ClusterCallFailed(nameof(IRoomGrain.Read));
            return null;
        }
    }

    /// <summary>Ends the relay.</summary>
    public Task StopAsync()
    {
        _stopping.Cancel();
        _due.Set();
        return _running;
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        using var timer = Time.CreateTimer(static due => ((AsyncSignal)due!).Set(), _due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var backoff = new Backoff();
        var isRegular = true;
        while (true)
        {
            if (_stopping.IsCancellationRequested || (isRegular && !_relays.IsUsed(this)))
            {
                await TryDetachAsync();
                if (_relays.TryRetire(this, _stopping.IsCancellationRequested))
                {
                    await _stopping.CancelAsync();
                    return;
                }
            }

            var pause = backoff.Next();
            var rosterPause = pause;
            if (await TryRenewAsync(CancellationToken.None))
            {
                backoff.Reset();
                pause = _relays.Options.RenewInterval;
                rosterPause = RosterInterval;
            }

            Trim();
            isRegular = await WaitAsync(timer, pause, rosterPause);
        }
    }

    /// <summary>Lets go of what every member that keeps up has taken long ago, however often the room is asked meanwhile.</summary>
    private void Trim()
    {
        lock (_lock)
        {
            // Timers may be a little early.
            if (_epoch is null || Time.GetElapsedTime(_trimmedAt) + TimeSpan.FromMilliseconds(1) < _relays.Options.RenewInterval)
            {
                return;
            }

            _epoch.Ring.Trim(_trimTo);
            _trimTo = _epoch.Ring.Last;
            _trimmedAt = Time.GetTimestamp();
        }
    }

    /// <summary>Waits until the room is to be asked again.</summary>
    /// <returns>Whether the pause is over, and it is not for what has happened meanwhile.</returns>
    private async Task<bool> WaitAsync(ITimer timer, TimeSpan pause, TimeSpan rosterPause)
    {
        var began = Time.GetTimestamp();
        while (true)
        {
            lock (_lock)
            {
                var passed = Time.GetElapsedTime(began);
                var left = (_roster.IsDue ? rosterPause : pause) - passed;

                // Timers may be a little early.
                if (_isAsked || left < TimeSpan.FromMilliseconds(1) || _stopping.IsCancellationRequested)
                {
                    _isAsked = false;
                    return passed + TimeSpan.FromMilliseconds(1) > pause;
                }

                timer.Change(left, Timeout.InfiniteTimeSpan);
            }

            await _due.WaitAsync();
        }
    }

    /// <summary>Has the room asked now; with the lock held.</summary>
    private void Ask()
    {
        _isAsked = true;
        _due.Set();
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellationToken)
    {
        // One at a time, so that answers are not taken in another order than the room gave them.
        await _renewing.WaitAsync(cancellationToken);
        try
        {
            RoomRenewal renewal;
            PresenceView? presence;
            lock (_lock)
            {
                renewal = new RoomRenewal(
                    _epoch is null ? null : new RoomTail(_epoch.Name, _firstStored, _lastStored, _writer), _roster.Take(), _watchers.Count > 0);
                presence = _presence;
            }

            var standing = await _grain.Attach(_relays.GatewayId, _relays.Cluster.Observer, renewal);
            if (!TryLearn(standing, renewal.Seen))
            {
                return false;
            }

            if (presence is not null && (!standing.HasPresence || presence.NeedsReading(standing.Tail.Writer)))
            {
                presence.Read(await _grain.GetPresence(_relays.GatewayId));
            }

            return true;
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                _roster.Doubt();
            }

            _relays.Logger.RoomCallFailed(Room, nameof(IRoomGrain.Attach), e);
            _relays.Metrics.ClusterCallFailed(nameof(IRoomGrain.Attach));
            return false;
        }
        finally
        {
            _renewing.Release();
        }
    }

    private Task WhenAttached()
    {
        lock (_lock)
        {
            return _attached.Task;
        }
    }

    private async Task TryDetachAsync()
    {
        lock (_lock)
        {
            // Who comes meanwhile is to go by what the room says then, not by what is known from before.
            if (_attached.Task.IsCompleted)
            {
                _attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        try
        {
            await _grain.Detach(_relays.GatewayId);
        }
        catch (Exception e)
        {
            // The wish lapses by itself.
            _relays.Logger.RoomCallFailed(Room, nameof(IRoomGrain.Detach), e);
        }
    }

    /// <summary>Takes the room's answer.</summary>
    /// <returns><see langword="false"/> where it does not answer for what is known by now; the room is asked again then.</returns>
    private bool TryLearn(RoomStanding standing, RoomTail? seen)
    {
        var tail = standing.Tail;
        lock (_lock)
        {
            _roster.Confirm(standing.Roster, standing.Number);
            if (_epoch is null || _epoch.Name != tail.Epoch)
            {
                Begin(tail.Epoch, tail.LastOffset, NewEpoch);
            }
            else if (tail.Writer != _writer && _lastStored != seen?.LastOffset)
            {
                return false;
            }

            _writer = tail.Writer;
            _firstStored = tail.FirstOffset;
            Want(tail.LastOffset);
            _attached.TrySetResult();
            return true;
        }
    }

    /// <summary>Follows the log anew after <paramref name="last"/>; members of before end.</summary>
    private void Begin(string epoch, long last, Func<string, RoomStreamException> reason)
    {
        if (_epoch is not null)
        {
            _relays.Logger.RoomBegunAnew(Room, epoch, last, _members.Count);
            foreach (var member in _members)
            {
                member.End(reason(Room));
            }

            _members.Clear();
            _ahead.Clear();
        }

        _epoch = new RoomEpoch(epoch, new MessageRing(last, _relays.Options.RingBytes));
        _lastStored = last;
        _trimTo = last;
    }

    private (RoomEpoch Epoch, long First, long Last) Known()
    {
        lock (_lock)
        {
            return (_epoch!, _firstStored, _lastStored);
        }
    }

    /// <summary>Makes sure that the message after <paramref name="position"/> can be had, if there is one.</summary>
    /// <returns>A page of the log, empty where the message is at hand; <see langword="null"/> where it cannot be had.</returns>
    private async Task<ImmutableArray<RoomMessage>?> TryBeginAsync(RoomEpoch epoch, long position, long last)
    {
        if (position == last || epoch.Ring.Find(position + 1) is not null)
        {
            return [];
        }

        return await TryReadAsync(position + 1) is { } page
            && page.Tail.Epoch == epoch.Name && page.Messages is [{ } next, ..] && next.Offset == position + 1
            ? page.Messages
            : null;
    }

    private RoomMember? TryAdmit(RoomMember member, bool wantsPresence)
    {
        lock (_lock)
        {
            if (!member.IsOf(_epoch!))
            {
                return null;
            }

            _members.Add(member);
            if (_roster.Add(member.User))
            {
                _presence?.SetOwn(member.User, true);
                _due.Set();
            }

            if (wantsPresence)
            {
                _watchers.Add(member);
                if (_presence is null)
                {
                    _presence = new PresenceView(Time, WakeWatchers, _roster.Users);
                    Ask();
                }

                member.Watch(_presence);
            }

            return member;
        }
    }

    private void WakeWatchers()
    {
        lock (_lock)
        {
            foreach (var member in _watchers)
            {
                member.Wake();
            }
        }
    }

    private void Want(long last)
    {
        _lastStored = Math.Max(_lastStored, last);
        if (_lastStored > _epoch!.Ring.Last && !_filling)
        {
            _filling = true;
            _ = FillAsync();
        }
    }

    private async Task FillAsync()
    {
        await Task.Yield();
        try
        {
            var backoff = new Backoff();
            while (NextHole() is { } from && !_stopping.IsCancellationRequested)
            {
                if (await TryReadAsync(from) is { } page && TakePage(page, from))
                {
                    backoff.Reset();
                    continue;
                }

                await Task.Delay(backoff.Next(), Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception e)
        {
            // The next renewal begins again.
            _relays.Logger.FillFailed(Room, e);
            lock (_lock)
            {
                _filling = false;
            }
        }
    }

    /// <summary>Where the next message is missing; <see langword="null"/>, and the filling has ended, where none is.</summary>
    private long? NextHole()
    {
        lock (_lock)
        {
            while (_ahead.TryTake(_epoch!.Ring.Last + 1) is { } batch)
            {
                Append(batch.Messages);
            }

            var next = _epoch!.Ring.Last + 1;
            _filling = next <= _lastStored;
            return _filling ? next : null;
        }
    }

    private bool TakePage(RoomPage page, long from)
    {
        lock (_lock)
        {
            if (page.Tail.Epoch != _epoch!.Name)
            {
                Ask();
                return false;
            }

            if (page.Tail.FirstOffset > from)
            {
                // This gateway was cut off for so long that the log has dropped what it missed.
                Begin(page.Tail.Epoch, page.Tail.FirstOffset - 1, static room => new RoomStreamException(
                    ErrorCode.SlowConsumer, $"The log of room {room} no longer reaches back to where this gateway was; join again."));
                _firstStored = page.Tail.FirstOffset;
                _lastStored = page.Tail.LastOffset;
                return true;
            }

            Append(page.Messages);
            return page.Messages.Length > 0;
        }
    }

    private void Append(ImmutableArray<RoomMessage> messages)
    {
        var ring = _epoch!.Ring;
        var before = ring.Last;
        foreach (var message in messages)
        {
            if (message.Offset == ring.Last + 1)
            {
                ring.Append(MessageFrames.Encode(message));
            }
        }

        if (ring.Last == before)
        {
            return;
        }

        _lastStored = Math.Max(_lastStored, ring.Last);
        foreach (var member in _members)
        {
            member.Wake();
        }
    }
}
