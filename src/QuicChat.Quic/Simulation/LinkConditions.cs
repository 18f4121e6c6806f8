namespace QuicChat.Quic.Simulation;

/// <summary>What one direction of a simulated path does to datagrams. Immutable: change it by <see langword="with"/>.</summary>
public sealed record LinkConditions
{
    /// <summary>A link that passes everything at once.</summary>
    public static LinkConditions Unimpaired { get; } = new();

    /// <summary>How long each datagram is under way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// Up to this much is added to <see cref="Delay"/>, evenly distributed. Jitter alone keeps the order, as the queue of a real link does;
    /// reordering is asked for by <see cref="ReorderPercent"/>.
    /// </summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Of a hundred datagrams, how many are lost: 0 to 100.</summary>
    public double LossPercent { get; init; }

    /// <summary>Of a hundred datagrams, how many arrive twice: 0 to 100.</summary>
    public double DuplicatePercent { get; init; }

    /// <summary>Of a hundred datagrams, how many are held back behind later ones: 0 to 100. One is held back at a time.</summary>
    public double ReorderPercent { get; init; }

    /// <summary>
    /// How many later datagrams overtake one that is held back. 3 is the packet reordering threshold from which QUIC takes a packet
    /// for lost (RFC 9002, section 6.1.1), the harder case.
    /// </summary>
    public int ReorderDistance { get; init; } = 3;

    /// <summary>How long one is held back at most when too few follow: 20 ms, so that the last datagram of a burst is late but not lost.</summary>
    public TimeSpan ReorderHold { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The capacity in bits a second, of UDP payload; <see langword="null"/> is unlimited.</summary>
    public long? BitsPerSecond { get; init; }

    /// <summary>
    /// How many bytes wait for a limited capacity; what comes on top is dropped. 128 KiB is about 100 ms at 10 Mbit/s, a usual home router.
    /// </summary>
    public int QueueBytes { get; init; } = 128 * 1024;

    internal bool IsUnimpaired
        => Delay == TimeSpan.Zero && Jitter == TimeSpan.Zero && LossPercent == 0 && DuplicatePercent == 0 && ReorderPercent == 0
            && BitsPerSecond is null;

    /// <summary>What is wrong with these conditions, one line each; none where they can be used.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var (name, percent) in new[] { ("loss", LossPercent), ("duplication", DuplicatePercent), ("reordering", ReorderPercent) })
        {
            if (!(percent is >= 0 and <= 100))
            {
                yield return $"The {name} is {percent}%; give 0 to 100.";
            }
        }

        foreach (var (name, time) in new[] { ("delay", Delay), ("jitter", Jitter), ("reordering hold", ReorderHold) })
        {
            if (time < TimeSpan.Zero || time > MaxTime)
            {
                yield return $"The {name} is {time}; give 0 to {MaxTime}.";
            }
        }

        if (ReorderDistance < 1)
        {
            yield return $"The reordering distance is {ReorderDistance} datagrams; give 1 or more.";
        }

        if (BitsPerSecond is < 1000)
        {
            yield return $"The rate is {BitsPerSecond} bits a second; give 1000 or more, or none for no limit.";
        }

        if (QueueBytes < 1)
        {
            yield return $"The queue holds {QueueBytes} bytes; give 1 or more.";
        }
    }

    private static readonly TimeSpan MaxTime = TimeSpan.FromHours(1);
}
