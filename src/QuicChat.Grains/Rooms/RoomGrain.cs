using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// The one writer of a room's log. Calls interleave, but each runs alone between two awaits. A message gets its place in line when it is
/// published; one task at a time takes from the line, gives offsets and writes; and only what is in the log comes into memory, is
/// acknowledged and sent on.
/// </summary>
[GrainType("room"), PreferLocalPlacement]
internal sealed partial class RoomGrain(
    IRoomLog log,
    IOptions<RoomOptions> options,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<RoomGrain> logger) : Grain, IRoomGrain
{
    private const int PageLimit = 100;

    private readonly RoomOptions _options = options.Value;
    private readonly Queue<PendingPublish> _line = [];
    private readonly Dictionary<(string UserId, string ClientId, long ClientSeq), PendingPublish> _pending = [];
    private RoomFanout _fanout = null!;
    private RoomPublishers _publishers = new();
    private RoomTail _tail = new(NewEpoch(), 1, 0);
    private string _fence = "";
    private bool _isCertain;
    private Task _writing = Task.CompletedTask;

    private string Room => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _fanout = new RoomFanout(Room, _options, time, logger);
        try
        {
            await OpenAsync();
        }
        catch (Exception error)
        {
            throw Unavailable(error);
        }
    }

    // What stands in line is answered before the activation goes.
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _writing.WaitAsync(cancellationToken);

    public Task<RoomTail> Attach(string gatewayId, IGatewayObserver observer)
    {
        _fanout.Attach(gatewayId, observer);
        return Task.FromResult(_tail);
    }

    public Task Detach(string gatewayId)
    {
        _fanout.Detach(gatewayId);
        return Task.CompletedTask;
    }

    public Task<PublishReceipt> Publish(PublishRequest request)
    {
        var receipt = EnterAsync(request);
        Write();
        return receipt;
    }

    public async Task<ImmutableArray<PublishReceipt>> PublishAll(ImmutableArray<PublishRequest> requests)
    {
        var receipts = requests.Select(EnterAsync).ToArray();
        Write();
        return [.. await Task.WhenAll(receipts)];
    }

    public async Task<RoomPage> Read(long fromOffset, int limit)
    {
        var tail = _tail;
        var start = Math.Max(fromOffset, tail.FirstOffset);
        var count = (int)Math.Min(Math.Min(limit, PageLimit), tail.LastOffset - start + 1);
        if (count <= 0)
        {
            return new RoomPage(tail, []);
        }

        try
        {
            return new RoomPage(tail, [.. await log.ReadAsync(Room, tail.FirstOffset, start, count)]);
        }
        catch (Exception error)
        {
            throw Unavailable(error);
        }
    }

    public Task<long> GetLastClientSeq(string userId, string clientId) => Task.FromResult(LastClientSeq(userId, clientId));

    private static string NewEpoch() => Guid.NewGuid().ToString("N")[..12];

    private long LastClientSeq(string userId, string clientId) => _publishers.Find(userId, clientId)?.LastClientSeq ?? 0;

    /// <summary>Finds out what a message is, and where it is the next one puts it in line, all at once; then waits for its answer.</summary>
    private async Task<PublishReceipt> EnterAsync(PublishRequest request)
    {
        ArgumentNullException.ThrowIfNull(request.UserId);
        ArgumentNullException.ThrowIfNull(request.UserName);
        ArgumentNullException.ThrowIfNull(request.ClientId);
        ArgumentNullException.ThrowIfNull(request.Body);

        var publisher = _publishers.Find(request.UserId, request.ClientId);
        var last = publisher?.LastClientSeq ?? 0;
        if (request.ClientSeq <= last)
        {
            return publisher?.Find(request.ClientSeq) is { } known
                ? new PublishReceipt(PublishOutcome.Duplicate, known, last)
                : new PublishReceipt(PublishOutcome.Forgotten, 0, last);
        }

        var outcome = PublishOutcome.Duplicate;
        var pending = new PendingPublish(request);
        if (_pending.TryGetValue(pending.Key, out var same))
        {
            pending = same;
        }
        else if (request.ClientSeq != (publisher?.LastAccepted ?? 0) + 1)
        {
            return new PublishReceipt(PublishOutcome.Gap, 0, last);
        }
        else
        {
            outcome = PublishOutcome.Stored;
            _publishers.Get(request.UserId, request.ClientId).Accept();
            _pending.Add(pending.Key, pending);
            _line.Enqueue(pending);
        }

        var offset = await pending.Offset;
        return new PublishReceipt(outcome, offset, LastClientSeq(request.UserId, request.ClientId));
    }

    private void Write()
    {
        if (_writing.IsCompleted)
        {
            _writing = WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (_line.Count > 0)
            {
                if (!_isCertain)
                {
                    await OpenAsync();
                    continue;
                }

                await AppendAsync();
                if (_isCertain && _publishers.Count > _options.Retention + (_options.Retention / 10))
                {
                    await TrimAsync();
                }
            }
        }
        catch (Exception error)
        {
            // It may be stored or not; the log is read anew before the next write. Who publishes again finds out.
            LogNotWritten(error, Room, _line.Count);
            Fail(Unavailable(error));
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
            pending.Request.Body))).ToArray();

        _isCertain = false;
        switch (await log.AppendAsync(Room, _fence, _tail.LastOffset, entries))
        {
            case RoomLogAppend.Stored:
                _isCertain = true;
                _tail = _tail with { LastOffset = _tail.LastOffset + entries.Length };
                foreach (var (_, message) in entries)
                {
                    _publishers.Add(message.UserId, message.ClientId, message.ClientSeq, message.Offset);
                    Answer(_line.Dequeue(), message.Offset);
                }

                _fanout.Send(_tail.Epoch, Array.ConvertAll(entries, entry => entry.Message));
                break;
            case RoomLogAppend.Fenced:
                LogFenced(Room);
                DeactivateOnIdle();
                Fail(new RoomUnavailableException($"Room '{Room}' has moved to another silo; try again."));
                break;
            default:
                LogTailMoved(Room, _tail.LastOffset);
                break;
        }
    }

    /// <summary>Becomes the writer of the log, and learns what is in it.</summary>
    private async Task OpenAsync()
    {
        var publishers = new RoomPublishers();
        var tail = _tail with { FirstOffset = 1, LastOffset = 0 };
        _fence = await log.OpenAsync(
            Room,
            (userId, clientId, clientSeq) => publishers.Get(userId, clientId).Reach(clientSeq),
            entry =>
            {
                var message = entry.Message;
                tail = new RoomTail(entry.Epoch, publishers.Count == 0 ? message.Offset : tail.FirstOffset, message.Offset);
                publishers.Add(message.UserId, message.ClientId, message.ClientSeq, message.Offset);
            });

        if (tail.LastOffset == _tail.LastOffset)
        {
            // Nothing was written since; the epoch may be one that no entry bears yet.
            tail = tail with { Epoch = _tail.Epoch };
        }
        else if (tail.LastOffset < _tail.LastOffset)
        {
            // Acknowledged messages are gone. Their offsets will be used again, and only a new epoch tells the two apart.
            LogRolledBack(Room, _tail.LastOffset, tail.LastOffset);
            tail = tail with { Epoch = NewEpoch() };
        }

        (_tail, _publishers, _isCertain) = (tail, publishers, true);
        Realign();
    }

    /// <summary>After the log was read anew, some of what stands in line may be in it, and some may follow on nothing any more.</summary>
    private void Realign()
    {
        foreach (var pending in _line.ToArray())
        {
            _line.Dequeue();
            var publisher = _publishers.Get(pending.Request.UserId, pending.Request.ClientId);
            if (publisher.Find(pending.Request.ClientSeq) is { } offset)
            {
                Answer(pending, offset);
            }
            else if (pending.Request.ClientSeq == publisher.LastAccepted + 1)
            {
                publisher.Accept();
                _line.Enqueue(pending);
            }
            else
            {
                _pending.Remove(pending.Key);
                pending.Failed(new RoomUnavailableException($"Room '{Room}' lost the messages before this one; join it again."));
            }
        }
    }

    private async Task TrimAsync()
    {
        var cutOff = _publishers.CutOff(_publishers.Count - _options.Retention);
        _tail = _tail with { FirstOffset = _tail.LastOffset - _publishers.Count + 1 };
        _isCertain = false;
        await log.TrimAsync(Room, _fence, _options.Retention, cutOff);
        _isCertain = true;
    }

    private void Answer(PendingPublish pending, long offset)
    {
        _pending.Remove(pending.Key);
        pending.Stored(offset);
    }

    private void Fail(RoomUnavailableException error)
    {
        _pending.Clear();
        while (_line.TryDequeue(out var pending))
        {
            _publishers.Get(pending.Request.UserId, pending.Request.ClientId).Withdraw();
            pending.Failed(error);
        }
    }

    private RoomUnavailableException Unavailable(Exception error)
        => new($"Room '{Room}' cannot reach its log ({error.Message.ReplaceLineEndings(" ")}); try again.");

    [LoggerMessage(1210, LogLevel.Warning, "Room {Room}: {Count} messages could not be written.")]
    private partial void LogNotWritten(Exception error, string room, int count);

    [LoggerMessage(1211, LogLevel.Information, "Room {Room} is written by another activation; this one ends.")]
    private partial void LogFenced(string room);

    [LoggerMessage(1212, LogLevel.Warning, "Room {Room}: the log does not end at {Offset}; it is read anew.")]
    private partial void LogTailMoved(string room, long offset);

    [LoggerMessage(1213, LogLevel.Error, "Room {Room}: the store lost messages. It had {Acknowledged}, it has {Offset}. The room begins a new epoch.")]
    private partial void LogRolledBack(string room, long acknowledged, long offset);
}
