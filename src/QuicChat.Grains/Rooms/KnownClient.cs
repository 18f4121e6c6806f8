using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace QuicChat.Grains.Rooms;

/// <summary>What a room's log remembers of one client of one user.</summary>
internal sealed class KnownClient(string userId, string clientId)
{
    private readonly Queue<(long ClientSeq, long Offset, ulong Digest)> _entries = [];

    public string UserId { get; } = userId;

    public string ClientId { get; } = clientId;

    /// <summary>The last number stored, 0 for none.</summary>
    public long LastClientSeq { get; private set; }

    /// <summary>The last number that is stored or on its way.</summary>
    public long LastAccepted { get; private set; }

    /// <summary>The highest term of its messages and streams.</summary>
    public long Term { get; private set; }

    /// <summary>Its place among those that were cut off and are noted in the store.</summary>
    public LinkedListNode<KnownClient>? Note { get; set; }

    /// <summary>When the last of its entries was cut off, where it has a note.</summary>
    public DateTimeOffset CutOffAt { get; set; }

    /// <summary>Whether it has entries in the log.</summary>
    public bool HasEntries => _entries.Count > 0;

    /// <summary>Whether nothing is left to remember.</summary>
    public bool IsForgotten => !HasEntries && Note is null && LastAccepted == LastClientSeq;

    /// <summary>The offset that a number is stored under; <see langword="null"/> where it was cut off.</summary>
    public long? Find(long clientSeq) => FindEntry(clientSeq)?.Offset;

    /// <summary>Whether this text is what is stored under a number.</summary>
    public bool Has(long clientSeq, string body) => FindEntry(clientSeq)?.Digest == Digest(body);

    /// <summary>The next number is on its way.</summary>
    public void Accept(long term)
    {
        LastAccepted++;
        Raise(term);
    }

    /// <summary>Nothing is on its way any more.</summary>
    public void Withdraw() => LastAccepted = LastClientSeq;

    public void Add(long clientSeq, long offset, string body, long term)
    {
        _entries.Enqueue((clientSeq, offset, Digest(body)));
        Reach(clientSeq, term);
    }

    /// <summary>Entries up to this number, and up to this term, were there once.</summary>
    public void Reach(long clientSeq, long term)
    {
        LastClientSeq = Math.Max(LastClientSeq, clientSeq);
        LastAccepted = Math.Max(LastAccepted, LastClientSeq);
        Raise(term);
    }

    /// <summary>Messages under a lower term are refused from now on.</summary>
    public void Raise(long term) => Term = Math.Max(Term, term);

    /// <summary>Forgets its oldest entry.</summary>
    public void CutOff() => _entries.Dequeue();

    // The text itself is in the log; of two that are mixed up by accident one in 2^64 would pass.
    private static ulong Digest(string body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(body.AsSpan()), hash);
        return MemoryMarshal.Read<ulong>(hash);
    }

    private (long ClientSeq, long Offset, ulong Digest)? FindEntry(long clientSeq)
    {
        foreach (var entry in _entries)
        {
            if (entry.ClientSeq == clientSeq)
            {
                return entry;
            }
        }

        return null;
    }
}
