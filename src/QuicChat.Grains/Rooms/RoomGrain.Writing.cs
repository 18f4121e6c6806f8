using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

internal sealed partial class RoomGrain
{
    private readonly Queue<PendingPublish> _line = [];
    private readonly Dictionary<(string UserId, string ClientId, long ClientSeq), PendingPublish> _pending = [];
    private Task _writing = Task.CompletedTask;

    private long LastClientSeq(string userId, string clientId) => _clients.Find(userId, clientId)?.LastClientSeq ?? 0;

    /// <summary>Finds out what a message is, and where it is the next one puts it in line, all at once; then waits for an answer.</summary>
    private async Task<PublishReceipt> EnterAsync(PublishRequest request, PublishCall call)
    {
        ArgumentNullException.ThrowIfNull(request.UserId);
        ArgumentNullException.ThrowIfNull(request.UserName);
        ArgumentNullException.ThrowIfNull(request.ClientId);
        ArgumentNullException.ThrowIfNull(request.Body);
        ThrowIfFenced();

        var client = _clients.Find(request.UserId, request.ClientId);
        var last = client?.LastClientSeq ?? 0;
        if (request.ClientSeq <= last)
        {
            return client?.Find(request.ClientSeq) is not { } offset ? new PublishReceipt(PublishOutcome.Forgotten, 0, last)
                : client.Has(request.ClientSeq, request.Body) ? new PublishReceipt(PublishOutcome.Duplicate, offset, last)
                : Conflict(request);
        }

        var outcome = PublishOutcome.Duplicate;
        var pending = new PendingPublish(request, call);
        if (_pending.TryGetValue(pending.Key, out var same))
        {
            pending = same;
        }
        else if (request.Term < client?.Term)
        {
            return new PublishReceipt(PublishOutcome.Superseded, 0, last);
        }
        else if (request.ClientSeq != (client?.LastAccepted ?? 0) + 1)
        {
            return new PublishReceipt(PublishOutcome.Gap, 0, last);
        }
        else
        {
            outcome = PublishOutcome.Stored;
            _clients.Get(request.UserId, request.ClientId).Accept(request.Term);
            _pending.Add(pending.Key, pending);
            _line.Enqueue(pending);
            call.Enter();
        }

        // Also where it is another message that is on its way: only once that one is stored is the number taken.
        var stored = await pending.Offset;
        return pending.Request.Body == request.Body
            ? new PublishReceipt(outcome, stored, LastClientSeq(request.UserId, request.ClientId))
            : Conflict(request);
    }

    /// <summary>The number holds another message: the request is late, or its client was too late to learn of a message that was.</summary>
    private PublishReceipt Conflict(PublishRequest request)
    {
        var client = _clients.Find(request.UserId, request.ClientId);
        return new PublishReceipt(
            request.Term < client?.Term ? PublishOutcome.Superseded : PublishOutcome.Taken, 0, client?.LastClientSeq ?? 0);
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
                    await OpenAsync();
                }
                else if (_epochWanted is { } wanted)
                {
                    var epoch = await TakeEpochAsync(_tail.Epoch, _lost, _foundAt);
                    _tail = _tail with { Epoch = epoch };
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
                    _clients.Add(entry);
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

    private void Answer(PendingPublish pending, long offset)
    {
        _pending.Remove(pending.Key);
        pending.Stored(offset);
    }

    private void Fail(RoomUnavailableException error)
    {
        _openWanted?.SetException(error);
        _epochWanted?.SetException(error);
        (_openWanted, _epochWanted) = (null, null);

        _pending.Clear();
        while (_line.TryDequeue(out var pending))
        {
            _clients.Withdraw(pending.Request.UserId, pending.Request.ClientId);
            pending.Failed(error);
        }
    }

    [LoggerMessage(1210, LogLevel.Warning, "Room {Room}: the log could not be written or read; {Count} messages wait in vain.")]
    private partial void LogNotWritten(Exception error, string room, int count);

    [LoggerMessage(1212, LogLevel.Warning, "Room {Room}: the log does not end at {Offset}; it is read anew.")]
    private partial void LogTailMoved(string room, long offset);
}
