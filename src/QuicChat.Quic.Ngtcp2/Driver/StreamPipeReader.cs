using System.Buffers;
using System.IO.Pipelines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The reading side of a stream: tells the stream what was consumed, which is what the peer gets new credit for.</summary>
internal sealed class StreamPipeReader(StreamCore stream) : PipeReader
{
    private readonly PipeReader _inner = stream.ApplicationReader;
    private ReadOnlySequence<byte> _buffer;
    private bool _completed;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await _inner.ReadAsync(cancellationToken);
        _buffer = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var read = _inner.TryRead(out result);
        _buffer = result.Buffer;
        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var bytes = _buffer.Slice(0, consumed).Length;
        _buffer = default;
        _inner.AdvanceTo(consumed, examined);
        if (bytes > 0)
        {
            stream.Consume(bytes);
        }
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <summary>Ends reading: what still arrives is dropped, and the peer is told to stop.</summary>
    public override void Complete(Exception? exception = null) => Release(0);

    public void Release(ulong errorCode)
    {
        if (!_completed)
        {
            _completed = true;
            _inner.Complete();
            stream.AbortRead(errorCode);
        }
    }
}
