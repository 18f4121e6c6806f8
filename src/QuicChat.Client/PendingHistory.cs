namespace QuicChat.Client;

/// <summary>A page of history that has been asked for.</summary>
/// <param name="fromOffset">The first offset wanted.</param>
/// <param name="limit">The most messages wanted.</param>
internal sealed class PendingHistory(long fromOffset, int limit)
    : TaskCompletionSource<HistoryPage>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>The first offset wanted.</summary>
    public long FromOffset { get; } = fromOffset;

    /// <summary>The most messages wanted.</summary>
    public int Limit { get; } = limit;
}
