using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>A stream as applications see it.</summary>
internal sealed class Ngtcp2StreamContext : ConnectionContext,
    IDuplexPipe,
    IStreamIdFeature,
    IStreamDirectionFeature,
    IStreamAbortFeature,
    IProtocolErrorCodeFeature
{
    private readonly Ngtcp2ConnectionContext _connection;
    private readonly StreamCore _stream;
    private readonly StreamPipeReader _input;
    private readonly StreamPipeWriter _output;
    private string? _connectionId;
    private long _error = -1;

    public Ngtcp2StreamContext(Ngtcp2ConnectionContext connection, StreamCore stream)
    {
        _connection = connection;
        _stream = stream;
        _input = new StreamPipeReader(stream, this);
        _output = new StreamPipeWriter(stream, this);
        Transport = this;
        ConnectionClosed = connection.ConnectionClosed;
        Features.Set<IStreamIdFeature>(this);
        Features.Set<IStreamDirectionFeature>(this);
        Features.Set<IStreamAbortFeature>(this);
        Features.Set<IProtocolErrorCodeFeature>(this);
    }

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

    public long StreamId => _stream.Id;

    public bool CanRead => true;

    public bool CanWrite => true;

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    /// <summary>The error code that aborts without one of their own take: <see cref="Error"/>, or 0 where it is not set.</summary>
    public ulong AbortCode => _error < 0 ? 0 : (ulong)_error;

    /// <summary>Tells that the application knows the stream.</summary>
    public void Accept() => _stream.Accept();

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason)
        => _stream.AbortRead(ApplicationErrorCode.Check(errorCode), abortReason);

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason)
        => _stream.AbortWrite(ApplicationErrorCode.Check(errorCode), abortReason);

    public override void Abort() => Abort(new ConnectionAbortedException("The stream was aborted by this side."));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _stream.AbortWrite(AbortCode, abortReason);
        _stream.AbortRead(AbortCode, abortReason);
    }

    /// <summary>Releases the stream: a side that has not ended is aborted with <see cref="AbortCode"/>.</summary>
    public override ValueTask DisposeAsync()
    {
        _output.Release();
        _input.Complete();
        return default;
    }
}
