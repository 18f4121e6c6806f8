using System.IO.Pipelines;

namespace QuicChat.Client.Tests.InMemory;

/// <summary>
/// One direction of a stream: carries bytes from the sender's pipe to the receiver's, as far as the receiver's pipe has room, then the end. An abort
/// drops what is under way and shows each side its own error.
/// </summary>
internal sealed class StreamDirection
{
    private readonly Pipe _sent;
    private readonly Pipe _received;
    private readonly CancellationTokenSource _abort = new();
    private Exception? _senderError;
    private Exception? _receiverError;
    private int _isAborted;

    public StreamDirection(int window)
    {
        // Inline: whoever reads or writes learns of an abort before Abort returns, the worst moment there is.
        var options = new PipeOptions(
            readerScheduler: PipeScheduler.Inline,
            writerScheduler: PipeScheduler.Inline,
            pauseWriterThreshold: window,
            resumeWriterThreshold: window / 2,
            useSynchronizationContext: false);
        _sent = new Pipe(options);
        _received = new Pipe(options);
        Output = new TrackedWriter(_sent.Writer);
        Done = CarryAsync();
    }

    /// <summary>The sender's end.</summary>
    public TrackedWriter Output { get; }

    /// <summary>The receiver's end.</summary>
    public PipeReader Input => _received.Reader;

    /// <summary>Completes when the end or an abort has been carried.</summary>
    public Task Done { get; }

    public void Abort(Exception senderError, Exception receiverError)
    {
        if (Interlocked.Exchange(ref _isAborted, 1) == 0)
        {
            (_senderError, _receiverError) = (senderError, receiverError);
            _abort.Cancel();
        }
    }

    private async Task CarryAsync()
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                var result = await _sent.Reader.ReadAsync(_abort.Token);
                foreach (var segment in result.Buffer)
                {
                    await _received.Writer.WriteAsync(segment, _abort.Token);
                }

                _sent.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }

            await _received.Writer.CompleteAsync();
            await _sent.Reader.CompleteAsync();
        }
        catch (OperationCanceledException)
        {
            await _received.Writer.CompleteAsync(_receiverError);
            await _sent.Reader.CompleteAsync(_senderError);
        }
    }
}
