using System.IO.Pipelines;
using System.Net.Quic;
using System.Runtime.Versioning;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// The writing side of a stream: a buffer, and a loop that runs while it holds something. So a flush that is cancelled leaves what it
/// flushed to be sent; cancelling a write in System.Net.Quic would abort the stream.
/// </summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemStreamWriter(SystemStream stream) : PipeWriter
{
    // MsQuic buffers as much again and more, by what the path can carry.
    private const int BufferSize = 64 * 1024;

    private static readonly PipeOptions Options = new(
        pauseWriterThreshold: BufferSize, resumeWriterThreshold: BufferSize / 2, useSynchronizationContext: false);

    private readonly Pipe _pipe = new(Options);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _abortReason;
    private int _signals;
    private bool _completed;

    /// <summary>Completes when nothing is left to be given to the engine.</summary>
    public Task Ended => _ended.Task;

    public override bool CanGetUnflushedBytes => _pipe.Writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => _pipe.Writer.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _pipe.Writer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _pipe.Writer.GetSpan(sizeHint);

    public override void Advance(int bytes) => _pipe.Writer.Advance(bytes);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = _pipe.Writer.FlushAsync(cancellationToken);
        Drain();
        return flush;
    }

    public override void CancelPendingFlush() => _pipe.Writer.CancelPendingFlush();

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
            Abort(stream.AbortCode, exception);
        }

        _pipe.Writer.Complete();
        Drain();
    }

    /// <summary>Resets the stream unless it has ended; a flush that waits, and each later one, ends with the reason.</summary>
    public void Abort(ulong errorCode, Exception reason)
    {
        if (_ended.Task.IsCompleted)
        {
            return;
        }

        Interlocked.CompareExchange(ref _abortReason, reason, null);
        stream.Quic.Abort(QuicAbortDirection.Write, (long)errorCode);
        Drain();
    }

    /// <summary>Resets the stream unless it was completed.</summary>
    public void Release()
    {
        if (!_completed)
        {
            Complete(new ObjectDisposedException(nameof(SystemStreamWriter), "The stream was disposed of."));
        }
    }

    // Only the first of several signals runs the loop; it goes round for the others.
    private void Drain()
    {
        if (Interlocked.Increment(ref _signals) == 1)
        {
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        int signals;
        do
        {
            signals = Volatile.Read(ref _signals);
            try
            {
                await WriteAllAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                End(stream.Explain(e, _abortReason));
            }
        }
        while (Interlocked.Add(ref _signals, -signals) != 0);
    }

    private async Task WriteAllAsync()
    {
        while (!_ended.Task.IsCompleted && _abortReason is null && _pipe.Reader.TryRead(out var result))
        {
            foreach (var segment in result.Buffer)
            {
                await stream.Quic.WriteAsync(segment).ConfigureAwait(false);
            }

            _pipe.Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                stream.Quic.CompleteWrites();
                End(null);
            }
        }

        if (_abortReason is { } reason)
        {
            End(reason);
        }
    }

    private void End(Exception? error)
    {
        if (_ended.TrySetResult())
        {
            _pipe.Reader.Complete(error);
        }
    }
}
