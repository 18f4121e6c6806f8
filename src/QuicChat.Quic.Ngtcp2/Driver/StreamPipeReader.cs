using System.Buffers;
using System.IO.Pipelines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The reading side of a stream: tells the stream what was consumed, which is what the peer gets new credit for.</summary>
internal sealed class StreamPipeReader(StreamCore stream, Ngtcp2StreamContext context) : PipeReader
{
    private readonly PipeReader _inner = stream.ApplicationReader;
    private ReadOnlySequence<byte> _buffer;
    private bool _isLast;
    private bool _lastExamined;
    private bool _completed;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        => Show(await _inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result))
        {
            return false;
        }

        result = Show(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var bytes = _buffer.Slice(0, consumed).Length;
        _lastExamined = _isLast && _buffer.Slice(examined).IsEmpty;
        _buffer = default;
        _inner.AdvanceTo(consumed, examined);
        if (bytes > 0)
        {
            stream.Consume(bytes);
        }
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <summary>Ends reading: what still arrives is dropped, and the peer is told to stop.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (!_completed)
        {
            _completed = true;
            _inner.Complete();
            stream.AbortRead(context.AbortCode, null);
        }
    }

    // A stream that ended early shows what arrived before, and then why.
    private ReadResult Show(ReadResult result)
    {
        _buffer = result.Buffer;
        _isLast = result.IsCompleted;
        if (!_isLast || stream.ReadError is not { } error)
        {
            return result;
        }

        if (_buffer.IsEmpty || _lastExamined)
        {
            AdvanceTo(_buffer.Start, _buffer.End);
            throw error;
        }

        return new ReadResult(_buffer, result.IsCanceled, isCompleted: false);
    }
}
