using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Storage;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>Grain storage that all silos of a test cluster share, that outlives each of them, and that can be told to fail.</summary>
public sealed class SharedGrainStorage
{
    private readonly ConcurrentDictionary<string, (string ETag, byte[] Data)> _records = [];
    private readonly ConcurrentDictionary<GrainId, WriteFault> _faults = [];
    private readonly ConcurrentDictionary<GrainId, bool> _unread = [];
    private readonly ConcurrentDictionary<GrainId, bool> _readOnly = [];
    private readonly ConcurrentDictionary<GrainId, bool> _unreadable = [];
    private readonly ConcurrentDictionary<GrainId, int> _writes = [];
    private readonly ConcurrentDictionary<GrainId, TaskCompletionSource> _awaited = [];

    /// <summary>What a write does instead of succeeding.</summary>
    public enum WriteFault
    {
        /// <summary>Nothing is written.</summary>
        Refused,

        /// <summary>It is written, but the writer does not hear of it.</summary>
        AnswerLost,
    }

    public void FailNextWrite(GrainId grainId, WriteFault fault) => _faults[grainId] = fault;

    /// <summary>Has every write of a grain refused, until it is told otherwise.</summary>
    public void RefuseWrites(GrainId grainId, bool refuse)
    {
        if (refuse)
        {
            _readOnly[grainId] = true;
        }
        else
        {
            _readOnly.TryRemove(grainId, out _);
        }
    }

    /// <summary>Has every read of a grain fail, until it is told otherwise.</summary>
    public void RefuseReads(GrainId grainId, bool refuse)
    {
        if (refuse)
        {
            _unreadable[grainId] = true;
        }
        else
        {
            _unreadable.TryRemove(grainId, out _);
        }
    }

    public void FailNextRead(GrainId grainId) => _unread[grainId] = true;

    public int WritesOf(GrainId grainId) => _writes.GetValueOrDefault(grainId);

    public int BytesOf(GrainId grainId) => _records.Where(record => record.Key.StartsWith($"{grainId}/", StringComparison.Ordinal)).Sum(record => record.Value.Data.Length);

    /// <summary>Completes with the next write of a grain.</summary>
    public Task NextWriteAsync(GrainId grainId)
        => _awaited.GetOrAdd(grainId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public bool Contains(GrainId grainId) => _records.Keys.Any(key => key.StartsWith($"{grainId}/", StringComparison.Ordinal));

    /// <summary>Puts a record where a grain will find it.</summary>
    public void Put(GrainId grainId, string stateName, byte[] data) => _records[$"{grainId}/{stateName}"] = (Guid.NewGuid().ToString("N"), data);

    public IGrainStorage For(Serializer serializer) => new Provider(this, serializer);

    private sealed class Provider(SharedGrainStorage storage, Serializer serializer) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            if (storage._unread.TryRemove(grainId, out _) || storage._unreadable.ContainsKey(grainId))
            {
                throw new IOException("The test has the store not answer this read.");
            }

            if (storage._records.TryGetValue($"{grainId}/{stateName}", out var stored))
            {
                (grainState.ETag, grainState.State, grainState.RecordExists) = (stored.ETag, serializer.Deserialize<T>(stored.Data), true);
            }
            else
            {
                (grainState.ETag, grainState.State, grainState.RecordExists) = (null, Activator.CreateInstance<T>(), false);
            }

            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
            => Change(stateName, grainId, grainState, serializer.SerializeToArray(grainState.State));

        public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            await Change(stateName, grainId, grainState, null);
            grainState.State = Activator.CreateInstance<T>();
        }

        private Task Change<T>(string stateName, GrainId grainId, IGrainState<T> grainState, byte[]? data)
        {
            var fault = storage._faults.TryRemove(grainId, out var planned) ? planned : default(WriteFault?);
            if (fault == WriteFault.Refused || storage._readOnly.ContainsKey(grainId))
            {
                throw new IOException("The test has the store refuse this write.");
            }

            lock (storage)
            {
                var key = $"{grainId}/{stateName}";
                var current = storage._records.TryGetValue(key, out var stored) ? stored.ETag : null;
                if (current != grainState.ETag)
                {
                    throw new InconsistentStateException($"{key} is at {current}, not at {grainState.ETag}.");
                }

                storage._writes.AddOrUpdate(grainId, 1, (_, count) => count + 1);
                var next = Guid.NewGuid().ToString("N");
                if (data is null)
                {
                    storage._records.TryRemove(key, out _);
                }
                else
                {
                    storage._records[key] = (next, data);
                }

                if (fault == WriteFault.AnswerLost)
                {
                    throw new IOException("The test has the store's answer to this write lost.");
                }

                (grainState.ETag, grainState.RecordExists) = (data is null ? null : next, data is not null);
            }

            if (storage._awaited.TryRemove(grainId, out var awaited))
            {
                awaited.TrySetResult();
            }

            return Task.CompletedTask;
        }
    }
}
