using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Driver;

namespace QuicChat.Quic.Kestrel;

/// <summary>
/// A stream as Kestrel expects it: it tells that it has ended, keeps what a request leaves with it, and is disposed of when all was delivered.
/// </summary>
internal sealed class KestrelStream : ConnectionContext, IStreamClosedFeature, IPersistentStateFeature
{
    private readonly Ngtcp2StreamContext _inner;
    private readonly TaskCompletionSource _writingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IPEndPoint? _remote;
    private IDictionary<object, object?>? _state;

    public KestrelStream(KestrelConnection connection, Ngtcp2StreamContext inner)
    {
        _inner = inner;
        _remote = (IPEndPoint?)connection.RemoteEndPoint;
        Transport = inner.Transport;
        ConnectionClosed = inner.ConnectionClosed;

        // A request sees what there is of its connection, too.
        Features = new FeatureCollection(connection.Features);
        Features.Set<IStreamIdFeature>(inner);
        Features.Set<IStreamDirectionFeature>(inner);
        Features.Set<IStreamAbortFeature>(inner);
        Features.Set<IProtocolErrorCodeFeature>(inner);
        Features.Set<IStreamClosedFeature>(this);
        Features.Set<IPersistentStateFeature>(this);
        inner.FlushesQuietly = true;
        inner.OnWritingEnded(OnWritingEnded);
    }

    public override string ConnectionId
    {
        get => _inner.ConnectionId;
        set => _inner.ConnectionId = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _inner.Items;
        set => _inner.Items = value;
    }

    public override IDuplexPipe Transport { get; set; }

    public override EndPoint? LocalEndPoint
    {
        get => _inner.LocalEndPoint;
        set => _inner.LocalEndPoint = value;
    }

    // Where the client was when the request began; its address does not change under the application's hands.
    public override EndPoint? RemoteEndPoint
    {
        get => _remote;
        set => throw new NotSupportedException("A connection's end points are what its path says.");
    }

    IDictionary<object, object?> IPersistentStateFeature.State => _state ??= new ConnectionItems();

    void IStreamClosedFeature.OnClosed(Action<object?> callback, object? state)
        => _writingEnded.Task.ContinueWith(
            (_, argument) => callback(argument), state, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public override void Abort() => _inner.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _inner.Abort(abortReason);

    /// <summary>
    /// Releases the stream once the client has all of the response, or cannot get it any more: a server that stops closes connections when
    /// their requests are done.
    /// </summary>
    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync();
        if (_inner.CanWrite)
        {
            await _writingEnded.Task;
        }
    }

    // On the engine's thread, or whoever aborts.
    private void OnWritingEnded(Exception reason)
    {
        if (reason is QuicStreamAbortedException aborted && _inner.Error < 0)
        {
            _inner.Error = (long)aborted.ErrorCode;
        }

        _writingEnded.TrySetResult();
    }
}
