using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;

namespace QuicChat.Client.Tests.InMemory;

/// <summary>One side of a bidirectional stream.</summary>
internal sealed class InMemoryStream
    : ConnectionContext, IDuplexPipe, IStreamIdFeature, IStreamDirectionFeature, IStreamAbortFeature, IProtocolErrorCodeFeature
{
    private readonly StreamDirection _inward;
    private readonly StreamDirection _outward;

    private InMemoryStream(long id, StreamDirection inward, StreamDirection outward)
    {
        _inward = inward;
        _outward = outward;
        StreamId = id;
        ConnectionId = id.ToString();
        Transport = this;
        Features.Set<IStreamIdFeature>(this);
        Features.Set<IStreamDirectionFeature>(this);
        Features.Set<IStreamAbortFeature>(this);
        Features.Set<IProtocolErrorCodeFeature>(this);
    }

    public long StreamId { get; }

    public bool CanRead => true;

    public bool CanWrite => true;

    public long Error { get; set; }

    public PipeReader Input => _inward.Input;

    public PipeWriter Output => _outward.Output;

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    public static (InMemoryStream Near, InMemoryStream Far) CreatePair(long id, int window)
    {
        var (there, back) = (new StreamDirection(window), new StreamDirection(window));
        return (new InMemoryStream(id, back, there), new InMemoryStream(id, there, back));
    }

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason)
        => _inward.Abort(new QuicStreamAbortedException((ulong)errorCode), abortReason);

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason)
        => _outward.Abort(abortReason, new QuicStreamAbortedException((ulong)errorCode));

    /// <summary>The connection has ended: what this side reads and writes fails with its error.</summary>
    public static void End(InMemoryStream near, Exception nearError, Exception farError)
    {
        near._outward.Abort(nearError, farError);
        near._inward.Abort(farError, nearError);
    }

    public override async ValueTask DisposeAsync()
    {
        var released = new ConnectionAbortedException("The stream has been released.");
        if (!_outward.Output.IsCompleted)
        {
            AbortWrite(0, released);
        }

        if (!_inward.Done.IsCompleted)
        {
            AbortRead(0, released);
        }

        await _inward.Done;
    }
}
