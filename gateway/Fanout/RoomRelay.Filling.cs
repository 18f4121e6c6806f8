using System.Collections.Immutable;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

// Takes the room's messages in their order, and reads from the log what batches have left out.
internal sealed partial class RoomRelay
{
    /// <summary>Takes a batch from the room, and has the members write it.</summary>
    public void Deliver(RoomBatch batch)
    {
        Take(batch);
        WakeMembers();
    }

    /// <summary>Takes a batch from the room; <see cref="WakeMembers"/> has the members write it.</summary>
    public void Take(RoomBatch batch)
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

            WakeMembers();
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
            WakeMembers();
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

        _hasNews |= ring.Last > before;
        _lastStored = Math.Max(_lastStored, ring.Last);
    }
}
