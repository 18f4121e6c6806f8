using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace QuicChat.Cli.Load;

/// <summary>What all clients of a run count together. For any threads.</summary>
/// <param name="time">The clock.</param>
internal sealed class LoadMeter(TimeProvider time)
{
    private const int MaxChangesKept = 10_000;

    private readonly ConcurrentQueue<long> _changesAt = new();
    private readonly long _start = time.GetTimestamp();
    private long _from = long.MaxValue;
    private long _to = long.MaxValue;
    private long _published;
    private long _acknowledged;
    private long _unacknowledged;
    private long _refused;
    private long _unsent;
    private long _foreign;
    private long _gaps;
    private long _connected;
    private long _reconnects;
    private long _changesBegun;
    private long _pathChanges;
    private long _migrations;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Microseconds since the run's start.</summary>
    public long Now => time.GetElapsedTime(_start).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>
    /// From due to arrival at each member that is neither cut off nor stalled, of messages that were due while it is measured.
    /// </summary>
    public Times Deliveries { get; } = new();

    /// <summary>From due to acknowledgement.</summary>
    public Times Acknowledgements { get; } = new();

    /// <summary>From the first datagram to the room that is joined.</summary>
    public Times Connects { get; } = new();

    /// <summary>What path changes cost clients that publish.</summary>
    public GapTimes GapsOfPublishers { get; } = new();

    /// <summary>What path changes cost clients that only listen.</summary>
    public GapTimes GapsOfListeners { get; } = new();

    /// <summary>The longest intervals of those that were not blackholed, while others were.</summary>
    public GapTimes GapsOfOthers { get; } = new();

    public long Published => Interlocked.Read(ref _published);

    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public long Unacknowledged => Interlocked.Read(ref _unacknowledged);

    /// <summary>Of those without an acknowledgement, those that the server refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Messages that were due and that no client could send.</summary>
    public long Unsent => Interlocked.Read(ref _unsent);

    public long Foreign => Interlocked.Read(ref _foreign);

    public long GapsTold => Interlocked.Read(ref _gaps);

    public long Connected => Interlocked.Read(ref _connected);

    public long Reconnects => Interlocked.Read(ref _reconnects);

    public long PathChanges => Interlocked.Read(ref _pathChanges);

    /// <summary>Path changes that were begun and not made: there was no connection or no path, or the new one did not work.</summary>
    public long ChangesNotMade => Interlocked.Read(ref _changesBegun) - PathChanges;

    public long Migrations => Interlocked.Read(ref _migrations);

    /// <summary>Messages without an answer.</summary>
    public long Outstanding => Published - Acknowledged - Unacknowledged;

    /// <summary>Measures what is due from now on.</summary>
    public void Measure() => Volatile.Write(ref _from, Now);

    /// <summary>Measures nothing that is due from now on.</summary>
    public void Stop() => Interlocked.CompareExchange(ref _to, Now, long.MaxValue);

    /// <summary>When that was; in the far future where it has not been.</summary>
    public long StoppedAt => Volatile.Read(ref _to);

    /// <summary>Whether what was due then is measured.</summary>
    public bool IsMeasured(long due) => due >= Volatile.Read(ref _from) && due < Volatile.Read(ref _to);

    public void OnPublished() => Interlocked.Increment(ref _published);

    public void OnAcknowledged(long due)
    {
        Interlocked.Increment(ref _acknowledged);
        if (IsMeasured(due))
        {
            Acknowledgements.Record(Now - due);
        }
    }

    public void OnUnacknowledged() => Interlocked.Increment(ref _unacknowledged);

    public void OnRefused()
    {
        Interlocked.Increment(ref _refused);
        OnUnacknowledged();
    }

    public void OnUnsent(long count) => Interlocked.Add(ref _unsent, count);

    public void OnForeign() => Interlocked.Increment(ref _foreign);

    public void OnGapTold() => Interlocked.Increment(ref _gaps);

    public void OnConnected(long took)
    {
        Interlocked.Increment(ref _connected);
        Connects.Record(took);
    }

    public void OnReconnect() => Interlocked.Increment(ref _reconnects);

    /// <summary>A path is about to change.</summary>
    public void OnChangeBegun() => Interlocked.Increment(ref _changesBegun);

    /// <summary>It has.</summary>
    /// <param name="at">When it began to.</param>
    public void OnPathChange(long at)
    {
        if (Interlocked.Increment(ref _pathChanges) <= MaxChangesKept)
        {
            _changesAt.Enqueue(at);
        }
    }

    /// <summary>When paths began to change, in seconds since the run's start, as far as that is kept.</summary>
    public ImmutableArray<double> ChangesAt() => [.. _changesAt.Select(at => Math.Round(at / 1e6, 3)).Order()];

    public void OnMigration() => Interlocked.Increment(ref _migrations);
}
