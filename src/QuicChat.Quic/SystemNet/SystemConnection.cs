using System.Net;
using System.Net.Quic;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// A connection as applications see it. It has no keep-alive feature: System.Net.Quic takes the interval once, when a connection is made.
/// </summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemConnection : MultiplexedConnectionContext,
    IConnectionPathFeature,
    IConnectionCloseFeature,
    IProtocolErrorCodeFeature,
    IWatched
{
    private readonly Channel<SystemStream> _streams = Channel.CreateUnbounded<SystemStream>();
    private readonly TaskCompletionSource<ConnectionClosure> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closedSource = new();
    private readonly QuicConnection _quic;
    private readonly ConnectionId _id;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<SystemConnection>? _ended;
    private readonly PathWatch _watch;
    private ConnectionClosure? _closing;
    private TimeSpan _migrationTimeout;
    private string? _connectionIdText;
    private long _error = -1;

    /// <summary>Takes over a connection whose handshake is complete.</summary>
    /// <param name="quic">The engine's connection.</param>
    /// <param name="id">Its identity.</param>
    /// <param name="capabilities">What is known of its paths.</param>
    /// <param name="migrationTimeout">How long an attempt may stay unresolved; told to the client, for attempts here end sooner.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The engine's log.</param>
    /// <param name="ended">Called once when it has ended.</param>
    public SystemConnection(
        QuicConnection quic,
        ConnectionId id,
        PathCapabilities capabilities,
        TimeSpan migrationTimeout,
        TimeProvider time,
        ILogger logger,
        Action<SystemConnection>? ended)
    {
        _quic = quic;
        _id = id;
        Capabilities = capabilities;
        _migrationTimeout = migrationTimeout;
        _time = time;
        _logger = logger;
        _ended = ended;
        _watch = new PathWatch(quic.LocalEndPoint, quic.RemoteEndPoint);
        Features.Set<IConnectionPathFeature>(this);
        Features.Set<IConnectionCloseFeature>(this);
        Features.Set<IProtocolErrorCodeFeature>(this);
        ConnectionClosed = _closedSource.Token;
        SystemEngineLog.HandshakeCompleted(logger, id, _watch.Current);
    }

    public override string ConnectionId
    {
        get => _connectionIdText ??= _id.ToString();
        set => _connectionIdText = value;
    }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

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

    ConnectionId IConnectionPathFeature.ConnectionId => _id;

    public NetworkPath CurrentPath => _watch.Current;

    public PathCapabilities Capabilities { get; }

    public ChannelReader<PathEvent> Events => _watch.Events;

    public TimeSpan MigrationTimeout
    {
        get => _migrationTimeout;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            _migrationTimeout = value;
        }
    }

    public PathJudge? Judge
    {
        get => _watch.Judge;
        set => _watch.Judge = value;
    }

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    public Task<ConnectionClosure> Closed => _closed.Task;

    /// <summary>Begins to serve it.</summary>
    public void Start() => _ = AcceptStreamsAsync();

    public void Look(Instant now)
    {
        if (Capabilities.HasFlag(PathCapabilities.Detection))
        {
            _watch.Look(_quic.RemoteEndPoint, now);
        }
    }

    /// <summary>Looks where the peer is, now.</summary>
    public void Look() => Look(Clock.Now(_time));

    public void Confirm() => _watch.Confirm(_quic.RemoteEndPoint, Clock.Now(_time));

    public void Close(ulong errorCode, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        var closure = new ConnectionClosure(ConnectionCloseOrigin.Local, ApplicationErrorCode.Check(errorCode), null, reason);
        if (Interlocked.CompareExchange(ref _closing, closure, null) is null)
        {
            _ = CloseAsync((long)errorCode);
        }
    }

    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _streams.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public override async ValueTask<ConnectionContext> ConnectAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return new SystemStream(this, await _quic.OpenOutboundStreamAsync(QuicStreamType.Bidirectional, cancellationToken));
        }
        catch (Exception e) when (e is QuicException or ObjectDisposedException)
        {
            throw Explain(e);
        }
    }

    /// <summary>What an application is told instead of an exception of System.Net.Quic that ended the connection.</summary>
    public Exception Explain(Exception exception)
        => (_closed.Task.IsCompletedSuccessfully ? _closed.Task.Result : Describe(exception)) is { } closure
            ? new QuicConnectionClosedException(closure)
            : exception;

    public override void Abort() => Close(AbortCode, "");

    public override void Abort(ConnectionAbortedException abortReason) => Close(AbortCode, abortReason.Message);

    public override async ValueTask DisposeAsync()
    {
        Abort();
        await _closed.Task;
        while (_streams.Reader.TryRead(out var stream))
        {
            await stream.DisposeAsync();
        }

        await _quic.DisposeAsync();
    }

    private ulong AbortCode => _error < 0 ? 0 : (ulong)_error;

    private async Task CloseAsync(long errorCode)
    {
        try
        {
            await _quic.CloseAsync(errorCode).ConfigureAwait(false);
        }
        catch (Exception e) when (e is QuicException or ObjectDisposedException)
        {
            // It has ended otherwise meanwhile, which whoever accepts its streams is told.
        }
    }

    private async Task AcceptStreamsAsync()
    {
        try
        {
            while (true)
            {
                var stream = await _quic.AcceptInboundStreamAsync().ConfigureAwait(false);
                if (stream.CanWrite)
                {
                    _streams.Writer.TryWrite(new SystemStream(this, stream));
                }
                else
                {
                    await stream.DisposeAsync().ConfigureAwait(false);
                    Close(0, "unidirectional streams are not used");
                }
            }
        }
        catch (Exception e)
        {
            End(e);
        }
    }

    private void End(Exception exception)
    {
        if (Describe(exception) is not { } closure)
        {
            SystemEngineLog.ConnectionFaulted(_logger, _id, exception);
            closure = new ConnectionClosure(ConnectionCloseOrigin.Local, null, 1, "internal error");
        }

        if (closure.ApplicationErrorCode is { } code)
        {
            Error = (long)code;
        }

        SystemEngineLog.ConnectionEnded(_logger, _id, closure);
        _streams.Writer.TryComplete();
        _watch.Complete();
        _closed.TrySetResult(closure);
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _closedSource, preferLocal: false);
        _ended?.Invoke(this);
    }

    // Operations that are aborted do not tell by whom; whoever closed the connection here knows.
    private ConnectionClosure? Describe(Exception exception) => Closures.Of(exception) switch
    {
        { Origin: ConnectionCloseOrigin.Local } closure => Volatile.Read(ref _closing) ?? closure,
        var closure => closure,
    };
}
