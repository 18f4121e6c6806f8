using System.Buffers;
using System.IO.Pipelines;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>A stream as applications see it.</summary>
internal sealed class Ngtcp2StreamContext : EngineStream
{
    private readonly StreamCore _stream;
    private readonly StreamPipeWriter? _output;

    public Ngtcp2StreamContext(Ngtcp2ConnectionContext connection, StreamCore stream)
        : base(connection)
    {
        _stream = stream;
        _output = stream.CanWrite ? new StreamPipeWriter(stream, this) : null;
        Input = stream.CanRead ? new StreamPipeReader(stream, this) : PipeReader.Create(ReadOnlySequence<byte>.Empty);
        Output = _output ?? (PipeWriter)UnwritablePipe.Instance;
    }

    public override PipeReader Input { get; }

    public override PipeWriter Output { get; }

    public override long StreamId => _stream.Id;

    public override bool CanRead => _stream.CanRead;

    public override bool CanWrite => _stream.CanWrite;

    public override void Accept() => _stream.Accept();

    /// <summary>Releases the stream: a side that has not ended is aborted with <see cref="EngineStream.AbortCode"/>.</summary>
    public override ValueTask DisposeAsync()
    {
        _output?.Release();
        Input.Complete();
        return default;
    }

    protected override void AbortRead(ulong errorCode, Exception reason) => _stream.AbortRead(errorCode, reason);

    protected override void AbortWrite(ulong errorCode, Exception reason) => _stream.AbortWrite(errorCode, reason);
}
