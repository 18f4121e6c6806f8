namespace QuicChat.Grains.Rooms;

/// <summary>What a room's log remembers of one client of one user.</summary>
internal sealed class RoomPublisher(string userId, string clientId)
{
    private readonly Queue<(long ClientSeq, long Offset)> _entries = [];

    public string UserId { get; } = userId;

    public string ClientId { get; } = clientId;

    /// <summary>The last number stored, 0 for none.</summary>
    public long LastClientSeq { get; private set; }

    /// <summary>The last number that is stored or on its way.</summary>
    public long LastAccepted { get; private set; }

    /// <summary>The offset that a number is stored under; <see langword="null"/> where it was cut off.</summary>
    public long? Find(long clientSeq)
    {
        foreach (var entry in _entries)
        {
            if (entry.ClientSeq == clientSeq)
            {
                return entry.Offset;
            }
        }

        return null;
    }

    /// <summary>The next number is on its way.</summary>
    public void Accept() => LastAccepted++;

    /// <summary>Nothing is on its way any more.</summary>
    public void Withdraw() => LastAccepted = LastClientSeq;

    public void Add(long clientSeq, long offset)
    {
        _entries.Enqueue((clientSeq, offset));
        Reach(clientSeq);
    }

    /// <summary>Entries up to this number were there once.</summary>
    public void Reach(long clientSeq)
    {
        LastClientSeq = Math.Max(LastClientSeq, clientSeq);
        LastAccepted = Math.Max(LastAccepted, LastClientSeq);
    }

    /// <summary>Forgets its oldest entry.</summary>
    /// <returns>The number of that entry.</returns>
    public long CutOff() => _entries.Dequeue().ClientSeq;
}
