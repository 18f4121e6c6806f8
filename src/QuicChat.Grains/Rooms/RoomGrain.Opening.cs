using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

internal sealed partial class RoomGrain
{
    // A log that has no entry yet would be forgotten after a day.
    private static readonly TimeSpan ConfirmInterval = TimeSpan.FromHours(1);

    private readonly string _activation = Guid.NewGuid().ToString("N")[..12];
    private KnownClients _clients = new();
    private RoomTail _tail = new("", 1, 0, "");
    private string _fence = "";

    // Where the log ended when this activation found it.
    private long _foundAt;

    // When the fence was last known to be the store's.
    private long _confirmedAt;

    // Whether what is in memory is what is in the log, but for what is being written.
    private bool _isOpen;
    private bool _isFenced;
    private TaskCompletionSource? _openWanted;
    private TaskCompletionSource? _epochWanted;
    private RoomTail _lost = new("", 1, 0, "");

    /// <summary>Becomes the writer of the log, and learns what is in it.</summary>
    private async Task OpenAsync()
    {
        var clients = new KnownClients();
        long last = 0;
        var opening = await log.OpenAsync(
            Room,
            RoomEpochName.First(),
            clients.Add,
            entry =>
            {
                clients.Add(entry);
                last = entry.Message.Offset;
            });

        _fence = opening.Fence;
        _confirmedAt = time.GetTimestamp();
        var epoch = opening.Epoch;
        if (last < _tail.LastOffset || RoomEpochName.IsBefore(epoch, _tail.Epoch))
        {
            // Acknowledged messages are gone. Their offsets will be used again, and only a new epoch tells the two apart.
            epoch = await TakeEpochAsync(epoch, _tail, last);
        }

        _tail = new RoomTail(epoch, last - clients.Count + 1, last, _activation);
        clients.RaiseTo(_clients);
        _clients = clients;
        _isOpen = true;
        Expire();
        Realign();
        _openWanted?.SetResult();
        _openWanted = null;
    }

    /// <summary>Reads the log anew, after what is being written; what was on its way into it is then known to be there or not.</summary>
    private async Task ReopenAsync()
    {
        ThrowIfFenced();
        _isOpen = false;
        _openWanted ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var opened = _openWanted.Task;
        Write();
        await opened;
        ThrowIfFenced();
    }

    /// <summary>
    /// Makes sure that this activation is still the log's writer and knows what is in it. One that was held up for long may have been followed
    /// by another without having heard of it; what it remembers is then old.
    /// </summary>
    private async Task ConfirmAsync()
    {
        while (true)
        {
            if (!_isOpen)
            {
                await ReopenAsync();
            }

            var fence = _fence;
            var holds = await HoldsAsync(fence);
            ThrowIfFenced();

            // Otherwise this activation itself has begun to read the log anew, and a fence of its own may have taken this one's place.
            if (_isOpen && _fence == fence)
            {
                if (holds)
                {
                    _confirmedAt = time.GetTimestamp();
                    return;
                }

                Leave();
                throw Moved();
            }
        }
    }

    private async Task<bool> HoldsAsync(string fence)
    {
        try
        {
            return await log.HoldsAsync(Room, fence);
        }
        catch (Exception error)
        {
            throw Unavailable(error);
        }
    }

    /// <summary>After the log was read anew, some of what stands in line may be in it, and some may follow on nothing any more.</summary>
    private void Realign()
    {
        foreach (var pending in _line.ToArray())
        {
            _line.Dequeue();
            var client = _clients.Get(pending.Request.UserId, pending.Request.ClientId);
            if (client.Has(pending.Request.ClientSeq, pending.Request.Body))
            {
                Answer(pending, client.Find(pending.Request.ClientSeq)!.Value);
            }
            else if (pending.Request.ClientSeq == client.LastAccepted + 1)
            {
                client.Accept(pending.Request.Term);
                _line.Enqueue(pending);
            }
            else
            {
                _pending.Remove(pending.Key);
                _clients.RemoveForgotten(client);
                pending.Failed(new RoomUnavailableException($"Room '{Room}' lost the messages before this one; join it again."));
            }
        }
    }

    /// <summary>
    /// Whether the log had lost messages when this activation found it: a gateway has seen one of an earlier activation beyond its end, or
    /// an epoch that was begun after this one, which the store has forgotten. How far the log reaches by now says nothing.
    /// </summary>
    private bool HasLost([NotNullWhen(true)] RoomTail? seen)
        => seen is not null && seen.Writer != _activation
            && (seen.Epoch == _tail.Epoch ? seen.LastOffset > _foundAt : !RoomEpochName.IsBefore(seen.Epoch, _tail.Epoch));

    private async Task BeginEpochAsync(RoomTail seen)
    {
        if (_epochWanted is null)
        {
            _lost = seen;
            _epochWanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        var begun = _epochWanted.Task;
        Write();
        await begun;
        ThrowIfFenced();
    }

    /// <summary>Begins the epoch after two others: the one that the store names, and that of a log which was longer.</summary>
    /// <returns>Its name; the store's where this activation is not the writer any more.</returns>
    private async Task<string> TakeEpochAsync(string epoch, RoomTail lost, long found)
    {
        var later = RoomEpochName.After(epoch, lost.Epoch);
        if (await log.BeginEpochAsync(Room, _fence, later))
        {
            LogRolledBack(Room, lost.LastOffset, found);
            return later;
        }

        Leave();
        return epoch;
    }

    /// <summary>Another activation has the log.</summary>
    private void Leave()
    {
        LogFenced(Room);
        _isFenced = true;
        DeactivateOnIdle();
    }

    [LoggerMessage(1211, LogLevel.Information, "Room {Room} is written by another activation; this one ends.")]
    private partial void LogFenced(string room);

    [LoggerMessage(1213, LogLevel.Error,
        "Room {Room}: the store lost messages. It had {Acknowledged}, it has {Offset}. The room begins a new epoch.")]
    private partial void LogRolledBack(string room, long acknowledged, long offset);
}
