using System.IO.Pipelines;
using System.Net;
using System.Net.Quic;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.SystemNet;

/// <summary>A stream as applications see it.</summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemStream : ConnectionContext,
    IDuplexPipe,
    IStreamIdFeature,
    IStreamDirectionFeature,
    IStreamAbortFeature,
    IProtocolErrorCodeFeature
{
    private readonly SystemConnection _connection;
    private readonly SystemStreamReader _input;
    private readonly SystemStreamWriter _output;
    private string? _connectionId;
    private long _error = -1;
    private bool _isReleased;

    public SystemStream(SystemConnection connection, QuicStream quic)
    {
        _connection = connection;
        Quic = quic;
        _input = new SystemStreamReader(this);
        _output = new SystemStreamWriter(this);
        Transport = this;
        ConnectionClosed = connection.ConnectionClosed;
        Features.Set<IStreamIdFeature>(this);
        Features.Set<IStreamDirectionFeature>(this);
        Features.Set<IStreamAbortFeature>(this);
        Features.Set<IProtocolErrorCodeFeature>(this);
    }

    /// <summary>The engine's stream.</summary>
    public QuicStream Quic { get; }

    public override string ConnectionId
    {
        get => _connectionId ??= $"{_connection.ConnectionId}:{StreamId}";
        set => _connectionId = value;
    }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    public override EndPoint? LocalEndPoint
    {
        get => _connection.LocalEndPoint;
        set => _connection.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _connection.RemoteEndPoint;
        set => _connection.RemoteEndPoint = value;
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    public long StreamId => Quic.Id;

    public bool CanRead => true;

    public bool CanWrite => true;

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    /// <summary>The error code that aborts without one of their own take: <see cref="Error"/>, or 0 where it is not set.</summary>
    public ulong AbortCode => _error < 0 ? 0 : (ulong)_error;

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason)
        => _input.Abort(ApplicationErrorCode.Check(errorCode), abortReason);

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason)
        => _output.Abort(ApplicationErrorCode.Check(errorCode), abortReason);

    public override void Abort() => Abort(new ConnectionAbortedException("The stream was aborted by this side."));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _output.Abort(AbortCode, abortReason);
        _input.Abort(AbortCode, abortReason);
    }

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

    /// <summary>Releases the stream: a side that has not ended is aborted with <see cref="AbortCode"/>. Never waits.</summary>
    public override ValueTask DisposeAsync()
    {
        if (!_isReleased)
        {
            _isReleased = true;
            _output.Release();
            _input.Complete();
            _ = ReleaseAsync();
        }

        return default;
    }

    // System.Net.Quic waits for the peer's acknowledgements.
    private async Task ReleaseAsync()
    {
        await _output.Ended.ConfigureAwait(false);
        await Quic.DisposeAsync().ConfigureAwait(false);
    }
}
