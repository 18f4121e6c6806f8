using System.IO.Pipelines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The writing side of a stream: wakes the driver at each flush, and throws why writing is over.</summary>
internal sealed class StreamPipeWriter(StreamCore stream, Ngtcp2StreamContext context) : PipeWriter
{
    private readonly PipeWriter _inner = stream.ApplicationWriter;
    private bool _completed;

    public override bool CanGetUnflushedBytes => _inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => _inner.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => _inner.Advance(bytes);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (IsOver())
        {
            return new(NobodyReads);
        }

        var flush = _inner.FlushAsync(cancellationToken);
        stream.Wake();
        return flush.IsCompletedSuccessfully ? new(Check(flush.Result)) : AwaitAsync(flush);
    }

    public override void CancelPendingFlush() => _inner.CancelPendingFlush();

    /// <summary>Ends the stream in order after what was written, or with a reset where <paramref name="exception"/> is given.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        if (exception is not null)
        {
            stream.AbortWrite(context.AbortCode, exception);
        }

        _inner.Complete();
        stream.Wake();
    }

    /// <summary>Resets the stream unless it was completed.</summary>
    public void Release()
    {
        if (!_completed)
        {
            Complete(new ObjectDisposedException(nameof(StreamPipeWriter), "The stream was disposed of."));
        }
    }

    private async ValueTask<FlushResult> AwaitAsync(ValueTask<FlushResult> flush) => Check(await flush);

    private FlushResult Check(FlushResult result)
    {
        // A flush is also cancelled to tell that writing is over.
        return result.IsCanceled && IsOver() ? NobodyReads : result;
    }

    private static FlushResult NobodyReads => new(isCanceled: false, isCompleted: true);

    // Throws why, unless the application wants to go on in silence.
    private bool IsOver() => stream.WriteError is { } error && (context.FlushesQuietly ? true : throw error);
}
