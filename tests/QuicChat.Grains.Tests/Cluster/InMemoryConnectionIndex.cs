using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuicChat.Grains.Connections;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>An index of connections that all silos of a test cluster share and that outlives each of them.</summary>
internal sealed class InMemoryConnectionIndex : IConnectionIndex
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _silos = [];

    public bool Contains(string connectionId) => _silos.Values.Any(silo => silo.ContainsKey(connectionId));

    public Task AddAsync(string incarnation, string connectionId)
    {
        _silos.GetOrAdd(incarnation, _ => [])[connectionId] = true;
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string incarnation, string connectionId)
    {
        _silos.GetOrAdd(incarnation, _ => []).TryRemove(connectionId, out _);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<string>> ReadAsync(string incarnation, int limit)
        => Task.FromResult<ImmutableArray<string>>([.. _silos.GetOrAdd(incarnation, _ => []).Keys.Take(limit)]);

    public Task<ImmutableArray<string>> GetIncarnationsAsync() => Task.FromResult<ImmutableArray<string>>([.. _silos.Keys]);

    public Task ForgetAsync(string incarnation)
    {
        if (_silos.TryGetValue(incarnation, out var connections) && connections.IsEmpty)
        {
            _silos.TryRemove(incarnation, out _);
        }

        return Task.CompletedTask;
    }
}
