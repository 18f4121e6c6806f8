namespace QuicChat.Cli.Load;

/// <summary>Counts what one member gets, by the offsets alone, which are dense. For one writer and any readers.</summary>
/// <param name="joinedAt">The offset behind which messages are due.</param>
internal sealed class ArrivalCheck(long joinedAt)
{
    // Offsets that were left out; a member to which so many are missing is beyond counting what comes late.
    private const int MaxMissing = 1_000_000;

    private readonly HashSet<long> _missing = [];
    private readonly long _joinedAt = joinedAt;
    private long _newest = joinedAt;
    private long _delivered;
    private long _duplicated;
    private long _reordered;

    /// <summary>The highest offset that arrived; before any, the one behind which messages are due.</summary>
    public long Newest => Volatile.Read(ref _newest);

    /// <summary>Messages that arrived, each counted once.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <summary>Arrivals of messages that were there already.</summary>
    public long Duplicated => Volatile.Read(ref _duplicated);

    /// <summary>Arrivals behind a message with a higher offset.</summary>
    public long Reordered => Volatile.Read(ref _reordered);

    /// <summary>A message arrived.</summary>
    /// <returns>Whether it is the first time.</returns>
    public bool Arrived(long offset)
    {
        if (offset <= _newest)
        {
            if (!_missing.Remove(offset))
            {
                Volatile.Write(ref _duplicated, _duplicated + 1);
                return false;
            }

            Volatile.Write(ref _reordered, _reordered + 1);
        }
        else
        {
            for (var left = _newest + 1; left < offset && _missing.Count < MaxMissing; left++)
            {
                _missing.Add(left);
            }

            Volatile.Write(ref _newest, offset);
        }

        Volatile.Write(ref _delivered, _delivered + 1);
        return true;
    }

    /// <summary>How many messages are due, of a log that reaches up to <paramref name="highest"/>.</summary>
    public long Expected(long highest) => Math.Max(0, highest - _joinedAt);
}
