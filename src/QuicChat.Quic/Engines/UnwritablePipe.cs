using System.IO.Pipelines;

namespace QuicChat.Quic.Engines;

/// <summary>The writing side of a stream that only the peer writes to (RFC 9000, section 2.1).</summary>
internal sealed class UnwritablePipe : PipeWriter
{
    /// <summary>The one; it has no state.</summary>
    public static readonly UnwritablePipe Instance = new();

    private UnwritablePipe()
    {
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => throw Refusal;

    public override Span<byte> GetSpan(int sizeHint = 0) => throw Refusal;

    public override void Advance(int bytes) => throw Refusal;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => throw Refusal;

    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    private static InvalidOperationException Refusal => new("The stream is the peer's unidirectional one; it cannot be written to.");
}
