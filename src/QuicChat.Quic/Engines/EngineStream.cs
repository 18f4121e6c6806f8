using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace QuicChat.Quic.Engines;

/// <summary>A stream as applications see it: what it is on every engine.</summary>
internal abstract class EngineStream : ConnectionContext,
    IDuplexPipe,
    IStreamIdFeature,
    IStreamDirectionFeature,
    IStreamAbortFeature,
    IProtocolErrorCodeFeature
{
    private static readonly ImmutableArray<Type> Own =
        [typeof(IStreamIdFeature), typeof(IStreamDirectionFeature), typeof(IStreamAbortFeature), typeof(IProtocolErrorCodeFeature)];

    private readonly EngineConnection _connection;
    private string? _connectionId;
    private IDictionary<object, object?>? _items;
    private long _error = -1;

    protected EngineStream(EngineConnection connection)
    {
        _connection = connection;
        Transport = this;
        ConnectionClosed = connection.ConnectionClosed;
        Features = new FeatureCollection(new OwnFeatures(this, Own));
    }

    public override string ConnectionId
    {
        get => _connectionId ??= $"{_connection.ConnectionId}:{StreamId}";
        set => _connectionId = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

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

    public abstract PipeReader Input { get; }

    public abstract PipeWriter Output { get; }

    public abstract long StreamId { get; }

    public abstract bool CanRead { get; }

    public abstract bool CanWrite { get; }

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    /// <summary>The error code that aborts without one of their own take: <see cref="Error"/>, or 0 where it is not set.</summary>
    public ulong AbortCode => _error < 0 ? 0 : (ulong)_error;

    /// <summary>Tells the engine that the application knows the stream.</summary>
    public virtual void Accept()
    {
    }

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason) => AbortRead(ApplicationErrorCode.Check(errorCode), abortReason);

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason) => AbortWrite(ApplicationErrorCode.Check(errorCode), abortReason);

    public override void Abort() => Abort(new ConnectionAbortedException("The stream was aborted by this side."));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        AbortWrite(AbortCode, abortReason);
        AbortRead(AbortCode, abortReason);
    }

    /// <summary>Tells the peer to stop; a read that waits ends with the reason.</summary>
    protected abstract void AbortRead(ulong errorCode, Exception reason);

    /// <summary>Resets the sending side; a flush that waits ends with the reason.</summary>
    protected abstract void AbortWrite(ulong errorCode, Exception reason);
}
