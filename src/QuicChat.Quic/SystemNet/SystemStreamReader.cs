using System.IO.Pipelines;
using System.Net.Quic;
using System.Runtime.Versioning;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// The reading side of a stream. It reads from the engine only what is asked for, a piece at a time, so that a reader that stops reading
/// stops its sender; and a read that is cancelled goes on for the next one, for cancelling it in System.Net.Quic would abort the stream.
/// </summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemStreamReader(SystemStream stream) : PipeReader
{
    private const int PieceSize = 16 * 1024;
    private const int Idle = 0;
    private const int Filling = 1;
    private const int FillingAndWanted = 2;

    // Bounded by what is asked for.
    private static readonly PipeOptions Options = new(pauseWriterThreshold: 0, useSynchronizationContext: false);

    private readonly Pipe _pipe = new(Options);
    private Exception? _abortReason;
    private int _state;
    private bool _completed;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        => TryRead(out var result) ? new(result) : _pipe.Reader.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        if (_pipe.Reader.TryRead(out result))
        {
            return true;
        }

        Want();
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => _pipe.Reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _pipe.Reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _pipe.Reader.CancelPendingRead();

    /// <summary>Ends reading: what still arrives is dropped, and the peer is told to stop.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        _pipe.Reader.Complete();
        stream.Quic.Abort(QuicAbortDirection.Read, (long)stream.AbortCode);
        if (Interlocked.CompareExchange(ref _state, Filling, Idle) == Idle)
        {
            _pipe.Writer.Complete();
        }
    }

    /// <summary>Tells the peer to stop; a read that waits ends with the reason.</summary>
    public void Abort(ulong errorCode, Exception reason)
    {
        Interlocked.CompareExchange(ref _abortReason, reason, null);
        stream.Quic.Abort(QuicAbortDirection.Read, (long)errorCode);
    }

    // What is wanted while a piece arrives may be that piece: one more at most is read ahead.
    private void Want()
    {
        if (Interlocked.CompareExchange(ref _state, Filling, Idle) == Idle)
        {
            _ = FillAsync();
        }
        else
        {
            Interlocked.CompareExchange(ref _state, FillingAndWanted, Filling);
        }
    }

    private async Task FillAsync()
    {
        do
        {
            // Wanted from here on is wanted after this piece.
            Interlocked.CompareExchange(ref _state, Filling, FillingAndWanted);
            int count;
            try
            {
                // Waits without holding memory: most streams are silent most of the time.
                await stream.Quic.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                stream.Look();
                count = await stream.Quic.ReadAsync(_pipe.Writer.GetMemory(PieceSize)).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                await _pipe.Writer.CompleteAsync(stream.Explain(e, _abortReason)).ConfigureAwait(false);
                return;
            }

            _pipe.Writer.Advance(count);
            if (count == 0 || (await _pipe.Writer.FlushAsync().ConfigureAwait(false)).IsCompleted)
            {
                await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
                return;
            }
        }
        while (Interlocked.CompareExchange(ref _state, Idle, Filling) != Filling);

        // Whoever completes the reader while a piece arrives leaves the writer to it.
        if (_completed && Interlocked.CompareExchange(ref _state, Filling, Idle) == Idle)
        {
            await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
        }
    }
}
