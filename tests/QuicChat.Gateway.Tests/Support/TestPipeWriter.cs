using System.IO.Pipelines;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A stream's sending side as an engine shows it: once writing is over, a flush throws why.</summary>
internal sealed class TestPipeWriter(PipeWriter inner) : PipeWriter
{
    private Exception? _error;

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfOver();
        var result = await inner.FlushAsync(cancellationToken);
        if (result.IsCanceled)
        {
            ThrowIfOver();
        }

        return result;
    }

    public void End(Exception error)
    {
        Interlocked.CompareExchange(ref _error, error, null);
        inner.CancelPendingFlush();
    }

    private void ThrowIfOver()
    {
        if (Volatile.Read(ref _error) is { } error)
        {
            throw error;
        }
    }
}
