using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// What one silo counts: a cache of the tallies in its connections' records. Connection grains of the silo call it directly, on whatever
/// thread they run; nothing here waits or leaves the process.
/// </summary>
internal sealed class MigrationCollector
{
    // Enough for what may fail between two reports; the counts are right in any case.
    private const int FailedLimit = 1_000;

    // Some 16 KiB of a report and of the monitor's record, and hundreds of closed connections a second. More wait for their turn.
    private const int NamedLimit = 1_000;

    private readonly Lock _lock = new();
    private readonly List<(FailedMigration Migration, long Sequence)> _failed = [];
    private readonly Queue<EndedStint> _left = [];
    private readonly Queue<EndedStint> _ended = [];
    private readonly List<(EndedStint Stint, long Sequence)> _named = [];
    private SumsByGateway _all = SumsByGateway.Zero;
    private SumsByGateway _retired = SumsByGateway.Zero;
    private long _sequence;
    private long _changes;

    /// <summary>Whether no ended stint waits for a checkpoint.</summary>
    public bool IsSettled
    {
        get
        {
            lock (_lock)
            {
                return _left.Count + _ended.Count + _named.Count == 0;
            }
        }
    }

    /// <summary>A connection's tally has become <paramref name="after"/>.</summary>
    public void Change(string gatewayId, GatewaySums before, GatewaySums after)
    {
        if (ReferenceEquals(before, after))
        {
            return;
        }

        lock (_lock)
        {
            _all = _all.Plus(gatewayId, after.Minus(before));
            _changes++;
        }
    }

    /// <summary>Events were reported of a connection that is not registered. No record holds them.</summary>
    public void Ignored(string gatewayId, int events)
    {
        if (events > 0)
        {
            var sums = GatewaySums.Zero with { Totals = MigrationTotals.Zero with { Ignored = events } };
            lock (_lock)
            {
                _all = _all.Plus(gatewayId, sums);
                _retired = _retired.Plus(gatewayId, sums);
                _changes++;
            }
        }
    }

    /// <summary>A stint has ended, and its tally will not change any more.</summary>
    public void End(string connectionId, ConnectionTally tally)
    {
        lock (_lock)
        {
            _ended.Enqueue(new EndedStint(connectionId, tally));
        }
    }

    /// <summary>A connection has left this silo without being closed; whether its last tally is the one that was written remains to be seen.</summary>
    public void Leave(string connectionId, ConnectionTally lastKnown)
    {
        lock (_lock)
        {
            _left.Enqueue(new EndedStint(connectionId, lastKnown));
        }
    }

    /// <summary>Takes out the stints of connections that have left.</summary>
    public ImmutableArray<EndedStint> TakeLeft()
    {
        lock (_lock)
        {
            ImmutableArray<EndedStint> left = [.. _left];
            _left.Clear();
            return left;
        }
    }

    /// <summary>A migration failed.</summary>
    public void Fail(FailedMigration migration)
    {
        lock (_lock)
        {
            // The next report is the first that it is in.
            _failed.Add((migration, _sequence + 1));
        }
    }

    /// <summary>The sums as of now. One report at a time is under way.</summary>
    public CollectorReport Report(string silo, string incarnation, int connections, int migrating)
    {
        lock (_lock)
        {
            _failed.RemoveRange(0, Math.Max(0, _failed.Count - FailedLimit));
            _sequence++;
            while (_named.Count < NamedLimit && _ended.TryDequeue(out var stint))
            {
                _retired = _retired.Plus(stint.Tally.GatewayId, stint.Tally.Sums);
                _named.Add((stint, _sequence));
                _changes++;
            }

            var sums = new SiloSums(silo, _sequence, _changes, _all, _retired, [.. _named.Select(named => named.Stint.Tally.Stint)]);
            return new CollectorReport(incarnation, connections, migrating, sums, [.. _failed.Select(failed => failed.Migration)]);
        }
    }

    /// <summary>What this report told is durable: its failed migrations are not sent again.</summary>
    public void Keep(long durableSequence)
    {
        lock (_lock)
        {
            _failed.RemoveAll(failed => failed.Sequence <= durableSequence);
        }
    }

    /// <summary>The stints that a durable checkpoint names: their tallies may leave the records.</summary>
    public ImmutableArray<EndedStint> GetSettled(long durableSequence)
    {
        lock (_lock)
        {
            return [.. _named.Where(named => named.Sequence <= durableSequence).Select(named => named.Stint)];
        }
    }

    /// <summary>A tally has left its record, so it need not be named any more.</summary>
    public void Forget(EndedStint stint)
    {
        lock (_lock)
        {
            _named.RemoveAll(named => ReferenceEquals(named.Stint, stint));
            _changes++;
        }
    }

    /// <summary>A stint that has ended.</summary>
    /// <param name="ConnectionId">Of which connection.</param>
    /// <param name="Tally">What was counted in it.</param>
    internal sealed record EndedStint(string ConnectionId, ConnectionTally Tally);
}
