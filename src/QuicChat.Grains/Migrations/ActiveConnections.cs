using System.Collections.Immutable;
using System.Runtime.InteropServices;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Gateways;

namespace QuicChat.Grains.Migrations;

/// <summary>The connections that are active on this silo. Their grains keep it true; nothing here waits or leaves the process.</summary>
internal sealed class ActiveConnections
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Tracked> _registered = [];
    private readonly Dictionary<(string GatewayId, Guid LeaseId), HashSet<string>> _held = [];
    private readonly Dictionary<string, Tracked> _migrating = [];
    private readonly Dictionary<string, (Tracked Connection, DateTimeOffset ForgetAt, FailedConnection Left)> _failed = [];
    private readonly Dictionary<string, DateTimeOffset> _lost = [];

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
    public void Track(string connectionId, ConnectionRegistration registration, DateTimeOffset registeredAt, MigrationTracking tracking)
    {
        var tracked = new Tracked(connectionId, registration, registeredAt, tracking);
        lock (_lock)
        {
            if (_registered.TryGetValue(connectionId, out var former) && former.HeldUnder != tracked.HeldUnder)
            {
                Remove(connectionId);
            }

            _registered[connectionId] = tracked;
            (CollectionsMarshal.GetValueRefOrAddDefault(_held, tracked.HeldUnder, out _) ??= []).Add(connectionId);
            if (tracked.Attempt is null)
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
    public void TrackFailed(
        string connectionId, ConnectionRegistration registration, DateTimeOffset registeredAt, MigrationTracking tracking, DateTimeOffset forgetAt)
    {
        lock (_lock)
        {
            var left = _failed.TryGetValue(connectionId, out var known)
                ? known.Left
                : new FailedConnection(connectionId, registration.UserId, registration.GatewayId, tracking.FailureReason ?? "");
            Remove(connectionId);
            _failed[connectionId] = (new Tracked(connectionId, registration, registeredAt, tracking), forgetAt, left);
        }
    }

    /// <summary>The user of a failed connection does not list it any more.</summary>
    public void LeftUser(string connectionId) => Change(connectionId, left => left with { IsListed = false });

    /// <summary>The gateway of a failed connection has closed it, or was asked to.</summary>
    public void Closed(string connectionId) => Change(connectionId, left => left with { IsOpen = false });

    /// <summary>
    /// Failed ones of which something is left to do. What a gateway that is not <paramref name="alive"/> still holds it hears of when it is back.
    /// </summary>
    public ImmutableArray<FailedConnection> GetUnfinished(IReadOnlySet<string> alive)
    {
        lock (_lock)
        {
            return
            [
                .. from failed in _failed.Values
                   let left = failed.Left with { IsOpen = failed.Left.IsOpen && alive.Contains(failed.Left.GatewayId) }
                   where left.IsListed || left.IsOpen
                   select left,
            ];
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

    /// <summary>A connection was closed with its gateway; what is left of it is kept until it may be forgotten, wherever it becomes active next.</summary>
    public void TrackLost(string connectionId, DateTimeOffset forgetAt)
    {
        lock (_lock)
        {
            _lost[connectionId] = forgetAt;
        }
    }

    /// <summary>What was left of a connection is forgotten, unless it was lost again since.</summary>
    public void UntrackLost(string connectionId, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_lost.GetValueOrDefault(connectionId, DateTimeOffset.MaxValue) <= now)
            {
                _lost.Remove(connectionId);
            }
        }
    }

    /// <summary>The newest that somebody asks for, and how many there are.</summary>
    public ConnectionList Get(ConnectionFilter filter, int limit, string silo)
    {
        Tracked[] asked;
        lock (_lock)
        {
            // Only copied here: what is sorted may be many, and each step of a connection waits for this lock.
            asked = filter.State switch
            {
                null or MigrationState.Stable => [.. _registered.Values],
                MigrationState.Migrating => [.. _migrating.Values],
                MigrationState.MigrationFailed => [.. _failed.Values.Select(failed => failed.Connection)],
                _ => [],
            };
        }

        var found = asked.Where(connection => connection.Fulfils(filter)).ToList();
        return new ConnectionList(
            found.Count,
            [
                .. found.OrderByDescending(connection => connection.Registration.ConnectedAt)
                    .ThenBy(connection => connection.ConnectionId, StringComparer.Ordinal).Take(limit).Select(connection => connection.Summary(silo)),
            ],
            []);
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

    /// <summary>Those that went with a gateway's lease.</summary>
    public ImmutableArray<string> GetLost(LostGateway gateway)
    {
        lock (_lock)
        {
            return _held.TryGetValue((gateway.GatewayId, gateway.LeaseId), out var held) ? [.. held] : [];
        }
    }

    /// <summary>Those of gateways that are not among <paramref name="known"/>, registered before a time, and what they are held under.</summary>
    public ImmutableArray<(string ConnectionId, string GatewayId, Guid LeaseId)> GetOrphans(IReadOnlySet<string> known, DateTimeOffset before)
    {
        lock (_lock)
        {
            return
            [
                .. from held in _held
                   where !known.Contains(held.Key.GatewayId)
                   from connectionId in held.Value
                   where _registered[connectionId].RegisteredAt < before
                   select (connectionId, held.Key.GatewayId, held.Key.LeaseId),
            ];
        }
    }

    /// <summary>Those whose attempt is unresolved since before <paramref name="since"/>, the oldest first, and who holds them.</summary>
    public ImmutableArray<(string ConnectionId, string GatewayId, DateTimeOffset UnresolvedSince)> GetUnresolved(DateTimeOffset since)
    {
        lock (_lock)
        {
            return
            [
                .. _migrating.Values.Select(connection => (connection.ConnectionId, connection.GatewayId, connection.Attempt!.UnresolvedSince))
                    .Where(connection => connection.UnresolvedSince < since)
                    .OrderBy(connection => connection.UnresolvedSince).ThenBy(connection => connection.ConnectionId, StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>Failed ones that need not be kept any more.</summary>
    public ImmutableArray<string> GetForgettable(DateTimeOffset now)
    {
        lock (_lock)
        {
            return [.. _failed.Where(failed => failed.Value.ForgetAt <= now).Select(failed => failed.Key)];
        }
    }

    /// <summary>What is left of lost ones and need not be kept any more.</summary>
    public ImmutableArray<string> GetForgettableLost(DateTimeOffset now)
    {
        lock (_lock)
        {
            return [.. _lost.Where(lost => lost.Value <= now).Select(lost => lost.Key)];
        }
    }

    private void Change(string connectionId, Func<FailedConnection, FailedConnection> change)
    {
        lock (_lock)
        {
            if (_failed.TryGetValue(connectionId, out var failed))
            {
                _failed[connectionId] = failed with { Left = change(failed.Left) };
            }
        }
    }

    private void Remove(string connectionId)
    {
        if (_registered.Remove(connectionId, out var tracked) && _held.TryGetValue(tracked.HeldUnder, out var held))
        {
            held.Remove(connectionId);
            if (held.Count == 0)
            {
                _held.Remove(tracked.HeldUnder);
            }
        }

        _migrating.Remove(connectionId);
        _failed.Remove(connectionId);
    }

    private sealed record Tracked(string ConnectionId, ConnectionRegistration Registration, DateTimeOffset RegisteredAt, MigrationTracking Tracking)
    {
        public string UserId => Registration.UserId;

        public string GatewayId => Registration.GatewayId;

        public (string GatewayId, Guid LeaseId) HeldUnder => (Registration.GatewayId, Registration.LeaseId);

        public PendingAttempt? Attempt => Tracking.Attempt;

        public bool Fulfils(ConnectionFilter filter)
            => (filter.UserId is null || filter.UserId == UserId)
                && (filter.GatewayId is null || filter.GatewayId == GatewayId)
                && (filter.State is null || filter.State == Tracking.State);

        public ConnectionSummary Summary(string silo) => new(
            ConnectionId,
            UserId,
            GatewayId,
            silo,
            Tracking.State,
            Tracking.RemoteEndPoint,
            Registration.ConnectedAt,
            (int)Tracking.Totals.Completed);
    }
}
