using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// One QUIC stream as frames. What is sent together leaves in one flush; what arrives is handled one by one, and while a frame is being handled
/// nothing more is read, so that flow control holds the sender.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="heard">Called whenever bytes have arrived.</param>
internal sealed class FrameStream(ConnectionContext stream, Action heard) : IAsyncDisposable
{
    private const int FlushAt = 64 * 1024;

    private readonly Channel<ClientFrame> _outgoing = Channel.CreateUnbounded<ClientFrame>();
    private readonly CancellationTokenSource _stop = new();
    private Exception? _writeFailure;
    private volatile bool _isAborted;

    /// <summary>Frames that have not been handed to the engine yet.</summary>
    public int Unsent => _outgoing.Reader.Count;

    // An aborted transport throws ConnectionAbortedException, which says that something was cancelled, too.
    private bool IsStopped => _isAborted || _stop.IsCancellationRequested;

    /// <summary>Sends a frame behind those sent before. After the stream's end it goes nowhere; the owner learns of the end from <see cref="RunAsync"/>.</summary>
    public void Send(ClientFrame frame) => _outgoing.Writer.TryWrite(frame);

    /// <summary>Ends the sending side behind what has been sent.</summary>
    public void CompleteSending() => _outgoing.Writer.TryComplete();

    /// <summary>Ends <see cref="RunAsync"/> as soon as it has handled the frame at hand, if any.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Tells the peer that neither direction is wanted any more.</summary>
    public void Abort(ErrorCode code, string reason)
    {
        // First, for reading and writing may end with the cause before this returns.
        _isAborted = true;
        if (stream.Features.Get<IStreamAbortFeature>() is { } abort)
        {
            var cause = new ConnectionAbortedException(reason);
            abort.AbortRead((long)code, cause);
            abort.AbortWrite((long)code, cause);
        }

        Stop();
    }

    /// <summary>
    /// Reads and writes until the peer has ended its side, <see cref="Stop"/> or <see cref="Abort"/>; otherwise throws what ended the stream.
    /// </summary>
    public async Task RunAsync(Func<ServerFrame, CancellationToken, ValueTask> handle)
    {
        var writing = WriteAsync();
        try
        {
            await ReadAsync(handle).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsStopped)
        {
            // Stopped on purpose, or because writing has failed: that is thrown below.
        }
        finally
        {
            _stop.Cancel();
            await writing.ConfigureAwait(false);
        }

        if (_writeFailure is { } failure)
        {
            throw failure;
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task ReadAsync(Func<ServerFrame, CancellationToken, ValueTask> handle)
    {
        var input = stream.Transport.Input;
        while (true)
        {
            var result = await input.ReadAsync(_stop.Token).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (!buffer.IsEmpty)
            {
                heard();
            }

            try
            {
                while (FrameReader.TryReadServerFrame(ref buffer, out var frame))
                {
                    await handle(frame, _stop.Token).ConfigureAwait(false);
                }
            }
            finally
            {
                input.AdvanceTo(buffer.Start, buffer.End);
            }

            if (result.IsCompleted)
            {
                if (!buffer.IsEmpty)
                {
                    throw new ProtocolException(ErrorCode.ProtocolViolation, "A stream ended within a frame.");
                }

                await input.CompleteAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    private async Task WriteAsync()
    {
        var output = stream.Transport.Output;
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
            {
                for (var unflushed = 0; unflushed < FlushAt && _outgoing.Reader.TryRead(out var frame);)
                {
                    unflushed += FrameWriter.Write(output, frame);
                }

                await output.FlushAsync(_stop.Token).ConfigureAwait(false);
            }

            await output.CompleteAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (IsStopped)
        {
            // The stream is over; what was not sent is not wanted.
        }
        catch (Exception e)
        {
            _writeFailure = e;
            _stop.Cancel();
        }
    }
}
