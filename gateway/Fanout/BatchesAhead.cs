using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// Batches of a room that came while one before them is missing. Of those that are too many, or too large, the oldest go: they are read
/// from the log with what is missing.
/// </summary>
/// <param name="maxBatches">How many are kept.</param>
/// <param name="maxBytes">How many bytes of messages are kept, about.</param>
internal sealed class BatchesAhead(int maxBatches, int maxBytes)
{
    private readonly Queue<(RoomBatch Batch, long Bytes)> _batches = [];
    private long _bytes;

    /// <summary>Keeps a batch.</summary>
    public void Add(RoomBatch batch)
    {
        var bytes = batch.Messages.Sum(static message => (long)MessageFrames.SizeOf(message));
        _batches.Enqueue((batch, bytes));
        _bytes += bytes;
        while (_batches.Count > maxBatches || _bytes > maxBytes)
        {
            Take();
        }
    }

    /// <summary>Takes the oldest batch where nothing is missing before it any more.</summary>
    /// <param name="next">The next offset that is wanted.</param>
    public RoomBatch? TryTake(long next) => _batches.TryPeek(out var oldest) && oldest.Batch.Messages[0].Offset <= next ? Take() : null;

    /// <summary>Drops all.</summary>
    public void Clear()
    {
        _batches.Clear();
        _bytes = 0;
    }

    private RoomBatch Take()
    {
        var (batch, bytes) = _batches.Dequeue();
        _bytes -= bytes;
        return batch;
    }
}
