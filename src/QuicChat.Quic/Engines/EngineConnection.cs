using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Engines;

/// <summary>A connection as applications see it: what it is on every engine.</summary>
internal abstract class EngineConnection : MultiplexedConnectionContext, IConnectionPathFeature, IConnectionCloseFeature, IProtocolErrorCodeFeature
{
    /// <summary>The features of connections on every engine.</summary>
    protected static readonly ImmutableArray<Type> OwnOfAll =
        [typeof(IConnectionPathFeature), typeof(IConnectionCloseFeature), typeof(IProtocolErrorCodeFeature)];

    // The transport's limits bound it. An unbounded channel takes 1 KiB even while it is empty.
    private readonly Channel<EngineStream> _streams = Channel.CreateBounded<EngineStream>(int.MaxValue);
    private readonly TaskCompletionSource<ConnectionClosure> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closedSource = new();
    private TimeSpan _migrationTimeout;
    private string? _connectionIdText;
    private IDictionary<object, object?>? _items;
    private long _error = -1;

    /// <param name="migrationTimeout">How long a path may take to be validated.</param>
    /// <param name="own">The features that the connection is itself.</param>
    protected EngineConnection(TimeSpan migrationTimeout, ImmutableArray<Type> own)
    {
        _migrationTimeout = migrationTimeout;
        Features = new FeatureCollection(new OwnFeatures(this, own));
        ConnectionClosed = _closedSource.Token;
    }

    public override string ConnectionId
    {
        get => _connectionIdText ??= Id.ToString();
        set => _connectionIdText = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => CurrentPath.Local;
        set => throw new NotSupportedException("A connection's end points are what its path says.");
    }

    public override EndPoint? RemoteEndPoint
    {
        get => CurrentPath.Remote;
        set => throw new NotSupportedException("A connection's end points are what its path says.");
    }

    ConnectionId IConnectionPathFeature.ConnectionId => Id;

    public abstract NetworkPath CurrentPath { get; }

    public abstract PathCapabilities Capabilities { get; }

    public abstract ChannelReader<PathEvent> Events { get; }

    public abstract PathJudge? Judge { get; set; }

    public TimeSpan MigrationTimeout
    {
        get => _migrationTimeout;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            _migrationTimeout = value;
            OnMigrationTimeoutChanged(value);
        }
    }

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    public Task<ConnectionClosure> Closed => _closed.Task;

    /// <summary>The connection's identity.</summary>
    protected abstract ConnectionId Id { get; }

    /// <summary>How the connection has ended; <see langword="null"/> while it has not.</summary>
    protected ConnectionClosure? Closure => _closed.Task.IsCompletedSuccessfully ? _closed.Task.Result : null;

    public abstract void Confirm();

    public void Close(ulong errorCode, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        RequestClose(ApplicationErrorCode.Check(errorCode), reason);
    }

    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var stream = await _streams.Reader.ReadAsync(cancellationToken);
            stream.Accept();
            return stream;
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>Opens a stream: a bidirectional one, unless an <see cref="IStreamDirectionFeature"/> says that it is not to be read.</summary>
    public override ValueTask<ConnectionContext> ConnectAsync(IFeatureCollection? features = null, CancellationToken cancellationToken = default)
        => OpenStreamAsync(isUnidirectional: features?.Get<IStreamDirectionFeature>() is { CanRead: false }, cancellationToken);

    public override void Abort() => Close(AbortCode, "");

    public override void Abort(ConnectionAbortedException abortReason) => Close(AbortCode, abortReason.Message);

    public override async ValueTask DisposeAsync()
    {
        Abort();
        await _closed.Task;

        // Those that nobody accepted have nobody else to release their memory.
        while (_streams.Reader.TryRead(out var stream))
        {
            await stream.DisposeAsync();
        }

        await ReleaseAsync();
    }

    /// <summary>Opens a stream as soon as the peer allows it.</summary>
    protected abstract ValueTask<ConnectionContext> OpenStreamAsync(bool isUnidirectional, CancellationToken cancellationToken);

    /// <summary>Closes the connection, unless it has ended.</summary>
    protected abstract void RequestClose(ulong errorCode, string reason);

    /// <summary>Hears of a new migration time-out.</summary>
    protected virtual void OnMigrationTimeoutChanged(TimeSpan value)
    {
    }

    /// <summary>Gives back what a connection that has ended still holds.</summary>
    protected virtual ValueTask ReleaseAsync() => default;

    /// <summary>Has the application accept a stream of the peer's.</summary>
    protected void Offer(EngineStream stream) => _streams.Writer.TryWrite(stream);

    /// <summary>Tells all who wait that the connection has ended.</summary>
    protected void End(ConnectionClosure closure)
    {
        if (closure.ApplicationErrorCode is { } code)
        {
            Error = (long)code;
        }

        _streams.Writer.TryComplete();
        _closed.TrySetResult(closure);
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _closedSource, preferLocal: false);
    }

    private ulong AbortCode => _error < 0 ? 0 : (ulong)_error;
}
