using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>A connection as applications see it.</summary>
internal sealed class Ngtcp2ConnectionContext : MultiplexedConnectionContext,
    IConnectionPathFeature,
    IConnectionCloseFeature,
    IConnectionKeepAliveFeature,
    IProtocolErrorCodeFeature
{
    private readonly Channel<Ngtcp2StreamContext> _streams = Channel.CreateUnbounded<Ngtcp2StreamContext>();
    private readonly PathEventQueue _pathEvents = new();
    private readonly TaskCompletionSource<ConnectionClosure> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closedSource = new();
    private readonly Queue<TaskCompletionSource<ConnectionContext>> _opening = new();
    private readonly ConnectionDriver _driver;
    private readonly Action<Ngtcp2ConnectionContext> _established;
    private NetworkPath _currentPath;
    private TimeSpan _migrationTimeout;
    private TimeSpan _keepAliveInterval;
    private string? _connectionIdText;
    private long _error = -1;

    public Ngtcp2ConnectionContext(
        ConnectionDriver driver,
        NetworkPath path,
        ConnectionSettings settings,
        Action<Ngtcp2ConnectionContext> established,
        IConnectionMigrationFeature? migration = null)
    {
        _driver = driver;
        _established = established;
        _currentPath = path;
        _migrationTimeout = settings.MigrationTimeout;
        _keepAliveInterval = settings.KeepAliveInterval;
        Features.Set<IConnectionPathFeature>(this);
        Features.Set<IConnectionCloseFeature>(this);
        Features.Set<IConnectionKeepAliveFeature>(this);
        Features.Set<IProtocolErrorCodeFeature>(this);
        if (migration is not null)
        {
            Features.Set(migration);
            Capabilities |= PathCapabilities.ActiveMigration;
        }

        ConnectionClosed = _closedSource.Token;
    }

    /// <summary>Hears of a connection that ended before it was established.</summary>
    public Action<Exception>? Failed { get; set; }

    public override string ConnectionId
    {
        get => _connectionIdText ??= _driver.Core.Id.ToString();
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

    ConnectionId IConnectionPathFeature.ConnectionId => _driver.Core.Id;

    public NetworkPath CurrentPath => Volatile.Read(ref _currentPath);

    public PathCapabilities Capabilities { get; } =
        PathCapabilities.Detection | PathCapabilities.ExactValidation | PathCapabilities.ValidationFailure | PathCapabilities.Refusal;

    public ChannelReader<PathEvent> Events => _pathEvents;

    public TimeSpan MigrationTimeout
    {
        get => _migrationTimeout;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            _migrationTimeout = value;
            _driver.Core.Request(() => _driver.Core.SetMigrationTimeout(value));
        }
    }

    public PathJudge? Judge
    {
        get => _driver.Core.Judge;
        set => _driver.Core.Judge = value;
    }

    public TimeSpan KeepAliveInterval
    {
        get => _keepAliveInterval;
        set
        {
            if (value != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            }

            if (value != _keepAliveInterval)
            {
                _keepAliveInterval = value;
                _driver.Core.Request(() => _driver.Core.SetKeepAlive(value));
            }
        }
    }

    public long Error
    {
        get => _error;
        set => _error = value == -1 ? value : (long)ApplicationErrorCode.Check(value);
    }

    public Task<ConnectionClosure> Closed => _closed.Task;

    // ngtcp2 knows by itself.
    public void Confirm()
    {
    }

    public void Close(ulong errorCode, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        _driver.Core.RequestClose(ApplicationErrorCode.Check(errorCode), reason);
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

    public override async ValueTask<ConnectionContext> ConnectAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        var opening = new TaskCompletionSource<ConnectionContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        _driver.Core.Request(() =>
        {
            _opening.Enqueue(opening);
            OpenStreams();
        });
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<ConnectionContext>)state!).TrySetCanceled(token), opening);

        // A connection that has ended may have no thread any more to answer.
        await Task.WhenAny(opening.Task, _closed.Task);
        return opening.Task.IsCompleted ? await opening.Task : throw new QuicConnectionClosedException(await _closed.Task);
    }

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
    }

    /// <summary>Takes an event of the core, on the driver's thread.</summary>
    public void OnEvent(ConnectionEvent next)
    {
        switch (next)
        {
            case ConnectionEvent.HandshakeCompleted:
                Volatile.Write(ref _currentPath, _driver.Core.CurrentPath.ToPath());
                _established(this);
                break;
            case ConnectionEvent.StreamAccepted accepted:
                _streams.Writer.TryWrite(new Ngtcp2StreamContext(this, accepted.Stream));
                break;
            case ConnectionEvent.StreamsAvailable:
                OpenStreams();
                break;
            case ConnectionEvent.Moved moved:
                Volatile.Write(ref _currentPath, moved.Path);
                break;
            case ConnectionEvent.PathChanged changed:
                Volatile.Write(ref _currentPath, _driver.Core.CurrentPath.ToPath());
                _pathEvents.Write(changed.Event);
                break;
            case ConnectionEvent.Closed closed:
                OnClosed(closed.Closure);
                break;
        }
    }

    private void OnClosed(ConnectionClosure closure)
    {
        if (closure.ApplicationErrorCode is { } code)
        {
            Error = (long)code;
        }

        var error = new QuicConnectionClosedException(closure);
        Failed?.Invoke(error);
        _streams.Writer.TryComplete();
        _pathEvents.Complete();
        while (_opening.TryDequeue(out var opening))
        {
            opening.TrySetException(error);
        }

        _closed.TrySetResult(closure);
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _closedSource, preferLocal: false);
    }

    private ulong AbortCode => _error < 0 ? 0 : (ulong)_error;

    private void OpenStreams()
    {
        while (_opening.TryPeek(out var opening))
        {
            if (_closed.Task.IsCompletedSuccessfully)
            {
                opening.TrySetException(new QuicConnectionClosedException(_closed.Task.Result));
            }
            else if (!opening.Task.IsCompleted)
            {
                if (_driver.Core.TryOpenStream() is not { } stream)
                {
                    return;
                }

                var context = new Ngtcp2StreamContext(this, stream);
                if (!opening.TrySetResult(context))
                {
                    // Cancelled in between. Disposing of a stream never waits.
                    _ = context.DisposeAsync();
                }
            }

            _opening.Dequeue();
        }
    }
}
