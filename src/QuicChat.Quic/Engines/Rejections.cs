namespace QuicChat.Quic.Engines;

/// <summary>Counts what a listener rejects, by reason. Safe for use by many threads.</summary>
public sealed class Rejections
{
    private readonly long[] _counts = new long[Enum.GetValues<RejectionReason>().Length];

    /// <summary>The datagrams rejected for a reason so far.</summary>
    public long this[RejectionReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    internal void Count(RejectionReason reason) => Interlocked.Increment(ref _counts[(int)reason]);
}
