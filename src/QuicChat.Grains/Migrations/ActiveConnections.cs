using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Gateways;

namespace QuicChat.Grains.Migrations;

/// <summary>The connections that are active on this silo. Their grains keep it true; nothing here waits or leaves the process.</summary>
internal sealed class ActiveConnections
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Tracked> _registered = [];
    private readonly Dictionary<string, Tracked> _migrating = [];
    private readonly Dictionary<string, DateTimeOffset> _failed = [];

    /// <summary>How many are registered, and how many of them migrate.</summary>
    public (int Registered, int Migrating) Count
    {
        get
        {
            lock (_lock)
            {
                return (_registered.Count, _migrating.Count);
            }
        }
    }

    /// <summary>A registered connection is active here, or has changed.</summary>
    public void Track(string connectionId, ConnectionRegistration registration, DateTimeOffset registeredAt, PendingAttempt? attempt)
    {
        var tracked = new Tracked(connectionId, registration.UserId, registration.GatewayId, registeredAt, attempt);
        lock (_lock)
        {
            _registered[connectionId] = tracked;
            if (attempt is null)
            {
                _migrating.Remove(connectionId);
            }
            else
            {
                _migrating[connectionId] = tracked;
            }
        }
    }

    /// <summary>A connection is kept for questions after its failure, until it may be forgotten.</summary>
    public void TrackFailed(string connectionId, DateTimeOffset forgetAt)
    {
        lock (_lock)
        {
            Remove(connectionId);
            _failed[connectionId] = forgetAt;
        }
    }

    /// <summary>It is not active here any more.</summary>
    public void Untrack(string connectionId)
    {
        lock (_lock)
        {
            Remove(connectionId);
        }
    }

    /// <summary>Connections with an attempt in flight, the oldest attempt first.</summary>
    public ImmutableArray<MigratingConnection> GetMigrating(int limit)
    {
        lock (_lock)
        {
            return
            [
                .. _migrating.Values.OrderBy(connection => connection.Attempt!.StartedAt).Take(limit).Select(connection => new MigratingConnection(
                    connection.ConnectionId,
                    connection.UserId,
                    connection.GatewayId,
                    connection.Attempt!.From,
                    connection.Attempt.To,
                    connection.Attempt.Kind,
                    connection.Attempt.StartedAt)),
            ];
        }
    }

    /// <summary>Those that a gateway took with it.</summary>
    public ImmutableArray<string> GetLost(LostGateway gateway)
    {
        lock (_lock)
        {
            return
            [
                .. from connection in _registered.Values
                   where connection.GatewayId == gateway.GatewayId && connection.RegisteredAt < gateway.LostAt
                   select connection.ConnectionId,
            ];
        }
    }

    /// <summary>Those of gateways that are not among <paramref name="known"/>, registered before a time, and who held them.</summary>
    public ImmutableArray<(string ConnectionId, string GatewayId)> GetOrphans(IReadOnlySet<string> known, DateTimeOffset before)
    {
        lock (_lock)
        {
            return
            [
                .. from connection in _registered.Values
                   where connection.RegisteredAt < before && !known.Contains(connection.GatewayId)
                   select (connection.ConnectionId, connection.GatewayId),
            ];
        }
    }

    /// <summary>Those whose attempt is unresolved since before <paramref name="since"/>, and who holds them.</summary>
    public ImmutableArray<(string ConnectionId, string GatewayId)> GetUnresolved(DateTimeOffset since)
    {
        lock (_lock)
        {
            return
            [
                .. from connection in _migrating.Values
                   where connection.Attempt!.UnresolvedSince < since
                   select (connection.ConnectionId, connection.GatewayId),
            ];
        }
    }

    /// <summary>Failed ones that need not be kept any more.</summary>
    public ImmutableArray<string> GetForgettable(DateTimeOffset now)
    {
        lock (_lock)
        {
            return [.. _failed.Where(failed => failed.Value <= now).Select(failed => failed.Key)];
        }
    }

    private void Remove(string connectionId)
    {
        _registered.Remove(connectionId);
        _migrating.Remove(connectionId);
        _failed.Remove(connectionId);
    }

    private sealed record Tracked(string ConnectionId, string UserId, string GatewayId, DateTimeOffset RegisteredAt, PendingAttempt? Attempt);
}
