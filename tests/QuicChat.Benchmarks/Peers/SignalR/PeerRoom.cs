namespace QuicChat.Benchmarks.SignalR;

/// <summary>What the clients of one room share.</summary>
/// <param name="name">The room's name.</param>
internal sealed class PeerRoom(string name)
{
    private long _acknowledged;
    private long _newestDue;

    /// <summary>The room's name.</summary>
    public string Name => name;

    /// <summary>Messages that the server has acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>When the newest of these was due, in microseconds since the run's start.</summary>
    public long NewestDue => Volatile.Read(ref _newestDue);

    /// <summary>The server has acknowledged a message.</summary>
    /// <param name="due">When it was due.</param>
    public void OnAcknowledged(long due)
    {
        Interlocked.Increment(ref _acknowledged);
        Later(ref _newestDue, due);
    }

    /// <summary>Raises a time of any threads to a later one.</summary>
    public static void Later(ref long time, long to)
    {
        var seen = Volatile.Read(ref time);
        while (to > seen && Interlocked.CompareExchange(ref time, to, seen) is var before && before != seen)
        {
            seen = before;
        }
    }
}
