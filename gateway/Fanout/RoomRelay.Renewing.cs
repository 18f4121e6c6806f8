using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

// Asks the room again and again: keeps the wish for messages alive, tells who is here, and learns how far the log goes.
internal sealed partial class RoomRelay
{
    /// <summary>Asks for the room's messages again, now.</summary>
    public void RenewNow()
    {
        lock (_lock)
        {
            Ask();
        }
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
                    await (_turning?.DisposeAsync() ?? ValueTask.CompletedTask);
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

                // Who was held up between reading the clock and setting the timer has waited for that long.
                if (Time.GetElapsedTime(began) - passed >= left)
                {
                    continue;
                }
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
}
