namespace QuicChat.Cli.Load;

/// <summary>
/// What stands at each offset of a room, as acknowledgements and arrivals tell it: whoever tells first writes, all others compare.
/// Offsets of a new room are dense from 1, so this is an array. For any threads, and without a lock where nothing grows.
/// </summary>
/// <param name="publishes">Which clients publish in this room.</param>
internal sealed class RoomLedger(Func<int, bool> publishes)
{
    // 8 bytes a message: 32 KiB a piece, and 800 MB where a room has all.
    private const int Piece = 4096;
    private const long MaxOffset = 100_000_000;

    private readonly Lock _gate = new();
    private long[]?[] _pieces = new long[]?[16];
    private long _highest;
    private long _foreign;

    /// <summary>The highest offset told.</summary>
    public long Highest => Volatile.Read(ref _highest);

    /// <summary>
    /// How often was told that another message stands at an offset than was told before, or one of a client that does not publish here.
    /// </summary>
    public long Foreign => Volatile.Read(ref _foreign);

    /// <summary>Tells that a message stands at an offset.</summary>
    public void Tell(long offset, int publisher, int number)
    {
        if (offset is < 1 or > MaxOffset || !publishes(publisher))
        {
            Interlocked.Increment(ref _foreign);
            return;
        }

        var entry = ((publisher + 1L) << 32) | (uint)number;
        var before = Interlocked.CompareExchange(ref Slot(offset), entry, 0);
        if (before != 0 && before != entry)
        {
            Interlocked.Increment(ref _foreign);
        }

        var highest = Volatile.Read(ref _highest);
        while (offset > highest)
        {
            var seen = Interlocked.CompareExchange(ref _highest, offset, highest);
            if (seen == highest)
            {
                return;
            }

            highest = seen;
        }
    }

    /// <summary>
    /// Goes through the log once: how many messages stand in it, how many of them again, and how many behind one that their publisher sent later.
    /// </summary>
    public (long Stored, long Duplicated, long Reordered) Check()
    {
        var newest = new Dictionary<long, long>();
        var seen = new HashSet<long>();
        long stored = 0;
        long duplicated = 0;
        long reordered = 0;
        for (var offset = 1L; offset <= Highest; offset++)
        {
            var entry = Volatile.Read(ref Slot(offset));
            if (entry == 0)
            {
                continue;
            }

            stored++;
            var publisher = entry >> 32;
            var number = entry & uint.MaxValue;
            var last = newest.GetValueOrDefault(publisher);
            if (number > last)
            {
                newest[publisher] = number;

                // Only what was left out can come later.
                for (var left = last + 1; left < number && seen.Count < MaxOffset; left++)
                {
                    seen.Add((publisher << 32) | left);
                }
            }
            else if (seen.Remove(entry))
            {
                reordered++;
            }
            else
            {
                duplicated++;
            }
        }

        return (stored - duplicated, duplicated, reordered);
    }

    private ref long Slot(long offset)
    {
        var index = (int)(offset / Piece);
        var pieces = Volatile.Read(ref _pieces);
        var piece = index < pieces.Length ? Volatile.Read(ref pieces[index]) : null;
        return ref (piece ?? Grow(index))[offset % Piece];
    }

    private long[] Grow(int index)
    {
        lock (_gate)
        {
            if (index >= _pieces.Length)
            {
                var larger = new long[]?[Math.Max(index + 1, 2 * _pieces.Length)];
                _pieces.CopyTo(larger, 0);
                Volatile.Write(ref _pieces, larger);
            }

            return _pieces[index] ??= new long[Piece];
        }
    }
}
