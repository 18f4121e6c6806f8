using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

internal sealed partial class RoomGrain
{
    // A script's arguments have to fit on the stack of Redis' Lua.
    private const int TrimLimit = 1_000;

    // What has grown old is cut off so often at most, unless it is a whole step.
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private readonly string _activation = Guid.NewGuid().ToString("N")[..12];
    private readonly Queue<PendingPublish> _line = [];
    private readonly Dictionary<(string UserId, string ClientId, long ClientSeq), PendingPublish> _pending = [];
    private RoomPublishers _publishers = new();
    private RoomTail _tail = new("", 1, 0, "");
    private string _fence = "";

    // Where the log ended when this activation found it.
    private long _foundAt;

    // Whether what is in memory is what is in the log, but for what is being written.
    private bool _isOpen;
    private bool _isFenced;
    private long _mayTrimAt;
    private TaskCompletionSource? _epochWanted;
    private string _epochSeen = "";
    private Task _opening = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;

    private long LastClientSeq(string userId, string clientId) => _publishers.Find(userId, clientId)?.LastClientSeq ?? 0;

    /// <summary>Finds out what a message is, and where it is the next one puts it in line, all at once; then waits for its answer.</summary>
    private async Task<PublishReceipt> EnterAsync(PublishRequest request)
    {
        ArgumentNullException.ThrowIfNull(request.UserId);
        ArgumentNullException.ThrowIfNull(request.UserName);
        ArgumentNullException.ThrowIfNull(request.ClientId);
        ArgumentNullException.ThrowIfNull(request.Body);
        ThrowIfFenced();

        var publisher = _publishers.Find(request.UserId, request.ClientId);
        var last = publisher?.LastClientSeq ?? 0;
        if (request.ClientSeq <= last)
        {
            return publisher?.Find(request.ClientSeq) is not { } known ? new PublishReceipt(PublishOutcome.Forgotten, 0, last)
                : publisher.Has(request.ClientSeq, request.Body) ? new PublishReceipt(PublishOutcome.Duplicate, known, last)
                : Conflict(request);
        }

        var outcome = PublishOutcome.Duplicate;
        var pending = new PendingPublish(request);
        if (_pending.TryGetValue(pending.Key, out var same))
        {
            pending = same;
        }
        else if (request.Term < publisher?.Term)
        {
            return new PublishReceipt(PublishOutcome.Superseded, 0, last);
        }
        else if (request.ClientSeq != (publisher?.LastAccepted ?? 0) + 1)
        {
            return new PublishReceipt(PublishOutcome.Gap, 0, last);
        }
        else
        {
            outcome = PublishOutcome.Stored;
            _publishers.Get(request.UserId, request.ClientId).Accept(request.Term);
            _pending.Add(pending.Key, pending);
            _line.Enqueue(pending);
        }

        // Also where it is another message that is on its way: only once that one is stored is the number taken.
        var offset = await pending.Offset;
        return pending.Request.Body == request.Body
            ? new PublishReceipt(outcome, offset, LastClientSeq(request.UserId, request.ClientId))
            : Conflict(request);
    }

    /// <summary>The number holds another message: the request is late, or its client was too late to learn of a message that was.</summary>
    private PublishReceipt Conflict(PublishRequest request)
    {
        var publisher = _publishers.Find(request.UserId, request.ClientId);
        return new PublishReceipt(
            request.Term < publisher?.Term ? PublishOutcome.Superseded : PublishOutcome.Taken, 0, publisher?.LastClientSeq ?? 0);
    }

    private void Write()
    {
        if (_writing.IsCompleted && !_isFenced)
        {
            _writing = WriteAsync();
        }
    }

    /// <summary>Does all that there is to do with the log, one thing after another.</summary>
    private async Task WriteAsync()
    {
        try
        {
            while (!_isFenced)
            {
                if (!_isOpen)
                {
                    await (_opening = OpenAsync());
                }
                else if (_epochWanted is { } wanted)
                {
                    await TakeEpochAsync(RoomEpochName.After(_tail.Epoch, _epochSeen));
                    _epochWanted = null;
                    wanted.SetResult();
                }
                else if (CountOld() is > 0 and var old)
                {
                    await TrimAsync(old);
                }
                else if (_line.Count > 0)
                {
                    await AppendAsync();
                }
                else
                {
                    return;
                }
            }

            Fail(Moved());
        }
        catch (Exception error)
        {
            // It may be written or not; the log is read anew before the next write. Who publishes again finds out.
            _isOpen = false;
            LogNotWritten(error, Room, _line.Count);
            Fail(error as RoomUnavailableException ?? Unavailable(error));
        }
    }

    private async Task AppendAsync()
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var batch = _line.Take(_options.AppendLimit).ToArray();
        var entries = batch.Select((pending, index) => new RoomLogEntry(_tail.Epoch, new RoomMessage(
            _tail.LastOffset + index + 1,
            pending.Request.UserId,
            pending.Request.UserName,
            pending.Request.ClientId,
            pending.Request.ClientSeq,
            now,
            pending.Request.Body), pending.Request.Term)).ToArray();

        switch (await log.AppendAsync(Room, _fence, _tail.LastOffset, entries))
        {
            case RoomLogAppend.Stored:
                _tail = _tail with { LastOffset = _tail.LastOffset + entries.Length };
                foreach (var entry in entries)
                {
                    _publishers.Add(entry);
                    Answer(_line.Dequeue(), entry.Message.Offset);
                }

                _fanout.Send(_tail.Epoch, Array.ConvertAll(entries, entry => entry.Message));
                Expire();
                break;
            case RoomLogAppend.Fenced:
                Leave();
                break;
            default:
                LogTailMoved(Room, _tail.LastOffset);
                _isOpen = false;
                break;
        }
    }

    /// <summary>Becomes the writer of the log, and learns what is in it.</summary>
    private async Task OpenAsync()
    {
        var publishers = new RoomPublishers();
        var now = time.GetUtcNow();
        long last = 0;
        var opening = await log.OpenAsync(
            Room,
            RoomEpochName.First(),
            client => publishers.Add(client.At == default ? client with { At = now } : client),
            entry =>
            {
                publishers.Add(entry);
                last = entry.Message.Offset;
            });

        _fence = opening.Fence;
        var epoch = opening.Epoch;
        if (last < _tail.LastOffset || RoomEpochName.IsBefore(epoch, _tail.Epoch))
        {
            // Acknowledged messages are gone. Their offsets will be used again, and only a new epoch tells the two apart.
            LogRolledBack(Room, _tail.LastOffset, last);
            epoch = RoomEpochName.After(epoch, _tail.Epoch);
            await TakeEpochAsync(epoch);
        }

        _tail = new RoomTail(epoch, last - publishers.Count + 1, last, _activation);
        _publishers = publishers;
        _isOpen = true;
        Expire();
        Realign();
    }

    /// <summary>Reads the log anew; what was on its way into it is then known to be there or not.</summary>
    private async Task ReopenAsync()
    {
        _isOpen = false;
        Write();
        ThrowIfFenced();
        try
        {
            await _opening;
        }
        catch (Exception error)
        {
            throw error as RoomUnavailableException ?? Unavailable(error);
        }
    }

    /// <summary>After the log was read anew, some of what stands in line may be in it, and some may follow on nothing any more.</summary>
    private void Realign()
    {
        foreach (var pending in _line.ToArray())
        {
            _line.Dequeue();
            var publisher = _publishers.Get(pending.Request.UserId, pending.Request.ClientId);
            if (publisher.Has(pending.Request.ClientSeq, pending.Request.Body))
            {
                Answer(pending, publisher.Find(pending.Request.ClientSeq)!.Value);
            }
            else if (pending.Request.ClientSeq == publisher.LastAccepted + 1)
            {
                publisher.Accept(pending.Request.Term);
                _line.Enqueue(pending);
            }
            else
            {
                _pending.Remove(pending.Key);
                _publishers.RemoveForgotten(publisher);
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
            LogRolledBack(Room, seen.LastOffset, _foundAt);
            _epochSeen = seen.Epoch;
            _epochWanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        var begun = _epochWanted.Task;
        Write();
        await begun;
        ThrowIfFenced();
    }

    private async Task TakeEpochAsync(string epoch)
    {
        if (await log.BeginEpochAsync(Room, _fence, epoch))
        {
            _tail = _tail with { Epoch = epoch };
        }
        else
        {
            Leave();
        }
    }

    /// <summary>Messages that are too old by now are read no more, and cut off in steps.</summary>
    private void CutOffOld()
    {
        Expire();
        if (_isOpen && CountOld() > 0)
        {
            Write();
        }
    }

    private void Expire()
    {
        _publishers.Expire(time.GetUtcNow() - _options.RetentionTime);
        _tail = _tail with { FirstOffset = _tail.LastOffset - (_publishers.Count - _publishers.Expired) + 1 };
    }

    /// <summary>How many entries are to be cut off now, as many as one step may.</summary>
    private int CountOld()
    {
        var surplus = _publishers.Count - _options.Retention;
        var old = surplus > _options.Retention / 10 ? surplus : 0;
        if (_publishers.Expired >= TrimLimit || (_publishers.Expired > 0 && time.GetTimestamp() >= _mayTrimAt))
        {
            old = Math.Max(old, Math.Min(_publishers.Expired, _publishers.Count - 1));
        }

        return Math.Min(old, TrimLimit);
    }

    private async Task TrimAsync(int count)
    {
        var now = time.GetUtcNow();
        var cutOff = _publishers.CutOff(count, now);
        var forgotten = _publishers.FindOldNotes(now - _options.RetentionTime, _options.CutOffClients, TrimLimit);
        if (await log.TrimAsync(Room, _fence, _publishers.Count, cutOff, [.. forgotten.Select(client => (client.UserId, client.ClientId))]))
        {
            _publishers.Forget(forgotten);
        }
        else
        {
            Leave();
        }

        Expire();
        if (_publishers.Expired <= 1)
        {
            _mayTrimAt = time.GetTimestamp() + (long)(TrimInterval.TotalSeconds * time.TimestampFrequency);
        }
    }

    private void Answer(PendingPublish pending, long offset)
    {
        _pending.Remove(pending.Key);
        pending.Stored(offset);
    }

    private void Fail(RoomUnavailableException error)
    {
        if (_epochWanted is { } wanted)
        {
            _epochWanted = null;
            wanted.SetException(error);
        }

        _pending.Clear();
        while (_line.TryDequeue(out var pending))
        {
            _publishers.Withdraw(pending.Request.UserId, pending.Request.ClientId);
            pending.Failed(error);
        }
    }

    /// <summary>Another activation has the log.</summary>
    private void Leave()
    {
        LogFenced(Room);
        _isFenced = true;
        DeactivateOnIdle();
    }

    [LoggerMessage(1210, LogLevel.Warning, "Room {Room}: the log could not be written or read; {Count} messages wait in vain.")]
    private partial void LogNotWritten(Exception error, string room, int count);

    [LoggerMessage(1211, LogLevel.Information, "Room {Room} is written by another activation; this one ends.")]
    private partial void LogFenced(string room);

    [LoggerMessage(1212, LogLevel.Warning, "Room {Room}: the log does not end at {Offset}; it is read anew.")]
    private partial void LogTailMoved(string room, long offset);

    [LoggerMessage(1213, LogLevel.Error, "Room {Room}: the store lost messages. It had {Acknowledged}, it has {Offset}. The room begins a new epoch.")]
    private partial void LogRolledBack(string room, long acknowledged, long offset);
}
