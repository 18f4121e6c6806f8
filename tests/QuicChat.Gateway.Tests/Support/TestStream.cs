using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A bidirectional stream in memory: the gateway's end is the context, the client's end are the methods.</summary>
internal sealed class TestStream : ConnectionContext, IDuplexPipe, IStreamIdFeature, IStreamDirectionFeature, IStreamAbortFeature
{
    private readonly Pipe _toGateway = new();
    private readonly Pipe _toClient;
    private readonly TestPipeWriter _output;
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestStream(long id, int window)
    {
        StreamId = id;
        _toClient = new Pipe(new PipeOptions(pauseWriterThreshold: window, resumeWriterThreshold: window / 2));
        _output = new TestPipeWriter(_toClient.Writer);
        Transport = this;
        Features.Set<IStreamIdFeature>(this);
        Features.Set<IStreamDirectionFeature>(this);
        Features.Set<IStreamAbortFeature>(this);
    }

    public long StreamId { get; }

    public bool CanRead => true;

    public bool CanWrite => true;

    public PipeReader Input => _toGateway.Reader;

    public PipeWriter Output => _output;

    public override string ConnectionId { get; set; } = "";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>Completes when the gateway has let the stream go.</summary>
    public Task Disposed => _disposed.Task;

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason)
    {
    }

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason)
    {
        _output.End(abortReason);
        _toClient.Writer.Complete(new QuicStreamAbortedException((ulong)errorCode));
    }

    public override ValueTask DisposeAsync()
    {
        _disposed.TrySetResult();
        return default;
    }

    /// <summary>Client: sends frames.</summary>
    public async Task SendAsync(params ClientFrame[] frames)
    {
        foreach (var frame in frames)
        {
            FrameWriter.Write(_toGateway.Writer, frame);
        }

        await _toGateway.Writer.FlushAsync().AsTask().Within("the gateway's reading of a frame");
    }

    /// <summary>Client: sends frames as far as flow control lets it.</summary>
    /// <returns>Whether the gateway has taken them.</returns>
    public ValueTask<FlushResult> TrySendAsync(ClientFrame frame)
    {
        FrameWriter.Write(_toGateway.Writer, frame);
        return _toGateway.Writer.FlushAsync();
    }

    /// <summary>Client: sends bytes that are no frames.</summary>
    public async Task SendRawAsync(byte[] bytes) => await _toGateway.Writer.WriteAsync(bytes);

    /// <summary>Client: ends its sending side in order.</summary>
    public void Finish() => _toGateway.Writer.Complete();

    /// <summary>Client: resets its sending side.</summary>
    public void Reset(ErrorCode code) => _toGateway.Writer.Complete(new QuicStreamAbortedException((ulong)code));

    /// <summary>Client: tells the gateway to stop sending.</summary>
    public void StopSending(ErrorCode code) => _output.End(new QuicStreamAbortedException((ulong)code));

    /// <summary>Client: the next frame; <see langword="null"/> where the gateway has ended the stream in order.</summary>
    public async Task<ServerFrame?> ReceiveAsync(string what)
    {
        while (true)
        {
            var result = await _toClient.Reader.ReadAsync().AsTask().Within(what);
            var buffer = result.Buffer;
            if (FrameReader.TryReadServerFrame(ref buffer, out var frame))
            {
                _toClient.Reader.AdvanceTo(buffer.Start);
                return frame;
            }

            _toClient.Reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>Client: whether nothing has arrived that was not received.</summary>
    public bool IsQuiet()
    {
        if (!_toClient.Reader.TryRead(out var result))
        {
            return true;
        }

        _toClient.Reader.AdvanceTo(result.Buffer.Start);
        return result.Buffer.IsEmpty;
    }

    /// <summary>Client: waits for the gateway's reset, past whatever arrives before.</summary>
    public async Task<ErrorCode> ResetAsync()
    {
        try
        {
            while (await ReceiveAsync("a reset of the stream") is not null)
            {
            }
        }
        catch (QuicStreamAbortedException e)
        {
            return (ErrorCode)e.ErrorCode;
        }

        throw new InvalidOperationException("The stream ended in order.");
    }

    /// <summary>The connection has ended.</summary>
    public void End(Exception error)
    {
        _output.End(error);
        _toGateway.Writer.Complete(error);
    }
}
