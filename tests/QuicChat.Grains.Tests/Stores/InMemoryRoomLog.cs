using System.Collections.Concurrent;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;

namespace QuicChat.Grains.Tests.Stores;

/// <summary>Room logs in memory, shared by all silos of a test cluster, that can be told to fail, to wait, and to lose entries.</summary>
internal sealed class InMemoryRoomLog : IRoomLog
{
    private readonly ConcurrentDictionary<string, Log> _logs = [];

    /// <summary>What an append does besides.</summary>
    public enum Fault
    {
        /// <summary>Nothing is stored.</summary>
        Refused,

        /// <summary>The entries are stored, but the writer does not hear of it.</summary>
        AnswerLost,
    }

    public void FailNextAppend(string room, Fault fault) => Get(room).Faults.Enqueue(fault);

    /// <summary>Holds appends to a room back until the result is disposed of.</summary>
    public IDisposable Hold(string room)
    {
        var release = new Release();
        Get(room).Gate = release;
        return release;
    }

    /// <summary>Once an append is held back.</summary>
    public Task HeldAsync(string room) => Get(room).Gate.Arrived.Task.WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>Holds the answers back that a room's log was cut off, until the result is disposed of.</summary>
    public IDisposable HoldTrimmed(string room)
    {
        var release = new Release();
        Get(room).Trimmed = release.Task;
        return release;
    }

    /// <summary>The newest entries are lost, as with a store that was restored from a copy.</summary>
    public void Lose(string room, int count)
    {
        var log = Get(room);
        lock (log)
        {
            log.Entries.RemoveRange(log.Entries.Count - count, count);
        }
    }

    /// <summary>The epoch is again what it was in an older copy.</summary>
    public void GoBackTo(string room, string epoch)
    {
        var log = Get(room);
        lock (log)
        {
            log.Epoch = epoch;
        }
    }

    public int AppendsOf(string room) => Get(room).Appends;

    /// <summary>Entries that were read, page by page.</summary>
    public int ReadsOf(string room) => Get(room).Reads;

    public IReadOnlyList<RoomLogEntry> EntriesOf(string room)
    {
        var log = Get(room);
        lock (log)
        {
            return [.. log.Entries];
        }
    }

    /// <summary>Clients of whom there is a note.</summary>
    public IReadOnlyList<CutOffClient> CutOffOf(string room)
    {
        var log = Get(room);
        lock (log)
        {
            return [.. log.CutOff.Values];
        }
    }

    public Task<RoomLogOpening> OpenAsync(
        string room, string newEpoch, Action<CutOffClient> cutOff, Action<RoomLogEntry> entry)
    {
        var log = Get(room);
        lock (log)
        {
            log.Fence = Guid.NewGuid().ToString("N");
            foreach (var client in log.CutOff.Values.OrderBy(client => client.At))
            {
                cutOff(client);
            }

            log.Entries.ForEach(entry);
            log.Epoch ??= newEpoch;
            return Task.FromResult(new RoomLogOpening(log.Fence, log.Epoch));
        }
    }

    public Task<bool> HoldsAsync(string room, string fence)
    {
        var log = Get(room);
        lock (log)
        {
            return Task.FromResult(log.Fence == fence);
        }
    }

    public Task<bool> BeginEpochAsync(string room, string fence, string epoch)
    {
        var log = Get(room);
        lock (log)
        {
            log.Epoch = log.Fence == fence ? epoch : log.Epoch;
            return Task.FromResult(log.Fence == fence);
        }
    }

    public async Task<RoomLogAppend> AppendAsync(string room, string fence, long tail, IReadOnlyList<RoomLogEntry> entries)
    {
        var log = Get(room);
        log.Gate.Arrived.TrySetResult();
        await log.Gate.Task;
        var failing = log.Faults.TryDequeue(out var fault);
        if (failing && fault == Fault.Refused)
        {
            throw new IOException("The test has the store refuse this append.");
        }

        lock (log)
        {
            if (log.Fence != fence)
            {
                return RoomLogAppend.Fenced;
            }

            if ((log.Entries.Count == 0 ? 0 : log.Entries[^1].Message.Offset) != tail)
            {
                return RoomLogAppend.TailMoved;
            }

            log.Entries.AddRange(entries);
            log.Appends++;
        }

        return failing ? throw new IOException("The test has the store's answer to this append lost.") : RoomLogAppend.Stored;
    }

    // As Redis has it, by places in a list, so that who is wrong about the log's beginning reads what it would read there.
    public Task<IReadOnlyList<RoomMessage>> ReadAsync(string room, long firstOffset, long fromOffset, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromOffset, firstOffset);
        var log = Get(room);
        lock (log)
        {
            if (log.Entries is [var first, ..])
            {
                firstOffset = first.Message.Offset;
            }

            var start = (int)Math.Min(Math.Max(fromOffset - firstOffset, 0), log.Entries.Count);
            RoomMessage[] messages = [.. log.Entries.Skip(start).Take(limit).Select(entry => entry.Message)];
            log.Reads += messages.Length;
            return Task.FromResult<IReadOnlyList<RoomMessage>>(messages);
        }
    }

    public async Task<bool> TrimAsync(
        string room,
        string fence,
        int keep,
        IReadOnlyList<CutOffClient> cutOff,
        IReadOnlyList<(string UserId, string ClientId)> forgotten)
    {
        var log = Get(room);
        lock (log)
        {
            if (log.Fence != fence)
            {
                return false;
            }

            foreach (var client in cutOff)
            {
                log.CutOff[(client.UserId, client.ClientId)] = client;
            }

            foreach (var client in forgotten)
            {
                log.CutOff.Remove(client);
            }

            log.Entries.RemoveRange(0, Math.Max(0, log.Entries.Count - keep));
        }

        await log.Trimmed;
        return true;
    }

    private Log Get(string room) => _logs.GetOrAdd(room, _ => new Log());

    private sealed class Log
    {
        public string Fence { get; set; } = "";

        public string? Epoch { get; set; }

        public List<RoomLogEntry> Entries { get; } = [];

        public Dictionary<(string UserId, string ClientId), CutOffClient> CutOff { get; } = [];

        public ConcurrentQueue<Fault> Faults { get; } = [];

        public Release Gate { get; set; } = Release.Done;

        public Task Trimmed { get; set; } = Task.CompletedTask;

        public int Appends { get; set; }

        public int Reads { get; set; }
    }

    private sealed class Release : IDisposable
    {
        private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public static Release Done { get; } = Disposed();

        public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _gate.Task;

        public void Dispose() => _gate.TrySetResult();

        private static Release Disposed()
        {
            var release = new Release();
            release.Dispose();
            return release;
        }
    }
}
