using System.Buffers;
using System.IO.Pipelines;
using System.Net.Quic;
using System.Runtime.Versioning;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.SystemNet;

/// <summary>A stream as applications see it.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemStream : EngineStream
{
    private readonly SystemConnection _connection;
    private readonly SystemStreamReader? _input;
    private readonly SystemStreamWriter? _output;
    private bool _isReleased;

    public SystemStream(SystemConnection connection, QuicStream quic)
        : base(connection)
    {
        _connection = connection;
        Quic = quic;
        _input = quic.CanRead ? new SystemStreamReader(this) : null;
        _output = quic.CanWrite ? new SystemStreamWriter(this) : null;
        Input = _input ?? PipeReader.Create(ReadOnlySequence<byte>.Empty);
        Output = _output ?? (PipeWriter)UnwritablePipe.Instance;
    }

    /// <summary>The engine's stream.</summary>
    public QuicStream Quic { get; }

    public override PipeReader Input { get; }

    public override PipeWriter Output { get; }

    public override long StreamId => Quic.Id;

    // System.Net.Quic says no once a direction has ended.
    public override bool CanRead => _input is not null;

    public override bool CanWrite => _output is not null;

    /// <summary>Bytes have arrived: the peer may have moved.</summary>
    public void Look() => _connection.Look();

    /// <summary>What an application is told instead of an exception of System.Net.Quic.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="abortReason">Why this side has aborted the direction, where it has.</param>
    public Exception Explain(Exception exception, Exception? abortReason) => exception switch
    {
        QuicException { QuicError: QuicError.StreamAborted, ApplicationErrorCode: { } code } => new QuicStreamAbortedException((ulong)code),
        QuicException { QuicError: QuicError.OperationAborted } or ObjectDisposedException when abortReason is not null => abortReason,
        _ => _connection.Explain(exception),
    };

    /// <summary>Releases the stream: a side that has not ended is aborted with <see cref="EngineStream.AbortCode"/>. Never waits.</summary>
    public override ValueTask DisposeAsync()
    {
        if (!_isReleased)
        {
            _isReleased = true;
            _output?.Release();
            Input.Complete();
            _ = ReleaseAsync();
        }

        return default;
    }

    protected override void AbortRead(ulong errorCode, Exception reason) => _input?.Abort(errorCode, reason);

    protected override void AbortWrite(ulong errorCode, Exception reason) => _output?.Abort(errorCode, reason);

    // System.Net.Quic waits for the peer's acknowledgements.
    private async Task ReleaseAsync()
    {
        if (_output is not null)
        {
            await _output.Ended.ConfigureAwait(false);
        }

        await Quic.DisposeAsync().ConfigureAwait(false);
    }
}
