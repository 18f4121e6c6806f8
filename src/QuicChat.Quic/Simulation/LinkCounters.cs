namespace QuicChat.Quic.Simulation;

/// <summary>
/// What became of the datagrams of one direction. Those received plus the copies equal those forwarded, dropped and still under way.
/// </summary>
public readonly record struct LinkCounters
{
    /// <summary>Datagrams that came in.</summary>
    public long Received { get; init; }

    /// <summary>Datagrams that went out, copies included.</summary>
    public long Forwarded { get; init; }

    /// <summary>Copies made by duplication.</summary>
    public long Duplicated { get; init; }

    /// <summary>Forwarded datagrams that a later one had overtaken.</summary>
    public long Reordered { get; init; }

    /// <summary>Dropped at random.</summary>
    public long Lost { get; init; }

    /// <summary>Dropped by a blackhole.</summary>
    public long Blackholed { get; init; }

    /// <summary>Dropped because the queue was full.</summary>
    public long Overflowed { get; init; }

    /// <summary>Dropped because the source port that the server spoke to is no longer the client's, or because another than the server spoke to it.</summary>
    public long Unmapped { get; init; }

    /// <summary>Dropped because the system refused to send them.</summary>
    public long Refused { get; init; }

    /// <summary>All dropped datagrams.</summary>
    public long Dropped => Lost + Blackholed + Overflowed + Unmapped + Refused;

    /// <summary>Adds counters up.</summary>
    public static LinkCounters operator +(LinkCounters left, LinkCounters right) => new()
    {
        Received = left.Received + right.Received,
        Forwarded = left.Forwarded + right.Forwarded,
        Duplicated = left.Duplicated + right.Duplicated,
        Reordered = left.Reordered + right.Reordered,
        Lost = left.Lost + right.Lost,
        Blackholed = left.Blackholed + right.Blackholed,
        Overflowed = left.Overflowed + right.Overflowed,
        Unmapped = left.Unmapped + right.Unmapped,
        Refused = left.Refused + right.Refused,
    };
}
