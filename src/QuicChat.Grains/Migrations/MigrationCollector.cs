using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Gateways;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// What one silo counts. Connection grains of the silo call it directly, on whatever thread they run; nothing here waits or leaves the process.
/// </summary>
internal sealed class MigrationCollector
{
    // Enough for what may fail between two reports; the counts are right in any case.
    private const int FailedLimit = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TrackedConnection> _connections = [];
    private readonly Dictionary<string, TrackedConnection> _migrating = [];
    private readonly List<FailedMigration> _failed = [];
    private ImmutableDictionary<string, GatewaySums> _gateways = ImmutableDictionary<string, GatewaySums>.Empty;
    private long _sequence;
    private long _changes;

    /// <summary>A registered connection is active on this silo.</summary>
    public void Track(string connectionId, ConnectionRegistration registration, DateTimeOffset registeredAt, PendingAttempt? attempt)
    {
        lock (_lock)
        {
            var tracked = new TrackedConnection(connectionId, registration.UserId, registration.GatewayId, registeredAt, attempt);
            _connections[connectionId] = tracked;
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

    /// <summary>It is not any more.</summary>
    public void Untrack(string connectionId)
    {
        lock (_lock)
        {
            _connections.Remove(connectionId);
            _migrating.Remove(connectionId);
        }
    }

    /// <summary>A connection came into the registry.</summary>
    public void Registered(string gatewayId) => Add(gatewayId, sums => sums with { Registered = sums.Registered + 1 });

    /// <summary>A connection left it.</summary>
    public void Unregistered(string gatewayId) => Add(gatewayId, sums => sums with { Unregistered = sums.Unregistered + 1 });

    /// <summary>Events were reported of a connection that is not registered.</summary>
    public void Ignored(string gatewayId, int events)
    {
        if (events > 0)
        {
            Add(gatewayId, sums => sums with { Totals = sums.Totals with { Ignored = sums.Totals.Ignored + events } });
        }
    }

    /// <summary>Something happened to a connection's migration.</summary>
    /// <param name="connectionId">Which.</param>
    /// <param name="registration">Who it is.</param>
    /// <param name="effects">What happened, in order.</param>
    /// <param name="registeredAt">Since when it is registered.</param>
    /// <param name="attempt">The attempt that is in flight after it.</param>
    public void Apply(
        string connectionId,
        ConnectionRegistration registration,
        IReadOnlyList<MigrationEffect> effects,
        DateTimeOffset registeredAt,
        PendingAttempt? attempt)
    {
        lock (_lock)
        {
            var sums = _gateways.GetValueOrDefault(registration.GatewayId, GatewaySums.Zero);
            foreach (var effect in effects)
            {
                sums = sums.Plus(effect);
                if (effect is MigrationEffect.Ended { Attempt: { Outcome: MigrationOutcome.Failed } failed })
                {
                    _failed.Add(new FailedMigration(connectionId, registration.UserId, failed.StartedAt + failed.Duration, failed));
                }
            }

            _gateways = _gateways.SetItem(registration.GatewayId, sums);
            _changes++;
            Track(connectionId, registration, registeredAt, attempt);
        }
    }

    /// <summary>The sums as of now. One report at a time is under way.</summary>
    public CollectorReport Report(string silo, string incarnation)
    {
        lock (_lock)
        {
            _failed.RemoveRange(0, Math.Max(0, _failed.Count - FailedLimit));
            return new CollectorReport(silo, incarnation, ++_sequence, _changes, _connections.Count, _migrating.Count, _gateways, [.. _failed]);
        }
    }

    /// <summary>The report arrived: its failed migrations are not sent again.</summary>
    public void Answered(CollectorReport report)
    {
        lock (_lock)
        {
            _failed.RemoveRange(0, report.Failed.Length);
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

    /// <summary>The connections on this silo that a gateway took with it.</summary>
    public ImmutableArray<string> GetLost(LostGateway gateway)
    {
        lock (_lock)
        {
            return
            [
                .. from connection in _connections.Values
                   where connection.GatewayId == gateway.GatewayId && connection.RegisteredAt < gateway.LostAt
                   select connection.ConnectionId,
            ];
        }
    }

    /// <summary>The connections on this silo whose attempt is unresolved since before <paramref name="since"/>, and who holds them.</summary>
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

    private void Add(string gatewayId, Func<GatewaySums, GatewaySums> change)
    {
        lock (_lock)
        {
            _gateways = _gateways.SetItem(gatewayId, change(_gateways.GetValueOrDefault(gatewayId, GatewaySums.Zero)));
            _changes++;
        }
    }

    private sealed record TrackedConnection(
        string ConnectionId, string UserId, string GatewayId, DateTimeOffset RegisteredAt, PendingAttempt? Attempt);
}
