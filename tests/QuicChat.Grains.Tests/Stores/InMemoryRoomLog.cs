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
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Get(room).Gate = gate.Task;
        return new Release(gate);
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
        await log.Gate;
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

    public Task<IReadOnlyList<RoomMessage>> ReadAsync(string room, long firstOffset, long fromOffset, int limit)
    {
        var log = Get(room);
        lock (log)
        {
            return Task.FromResult<IReadOnlyList<RoomMessage>>(
                [.. log.Entries.Select(entry => entry.Message).Where(message => message.Offset >= fromOffset).Take(limit)]);
        }
    }

    public Task<bool> TrimAsync(
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
                return Task.FromResult(false);
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
            return Task.FromResult(true);
        }
    }

    private Log Get(string room) => _logs.GetOrAdd(room, _ => new Log());

    private sealed class Log
    {
        public string Fence { get; set; } = "";

        public string? Epoch { get; set; }

        public List<RoomLogEntry> Entries { get; } = [];

        public Dictionary<(string UserId, string ClientId), CutOffClient> CutOff { get; } = [];

        public ConcurrentQueue<Fault> Faults { get; } = [];

        public Task Gate { get; set; } = Task.CompletedTask;

        public int Appends { get; set; }
    }

    private sealed class Release(TaskCompletionSource gate) : IDisposable
    {
        public void Dispose() => gate.TrySetResult();
    }
}
