using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>A connection as applications see it.</summary>
internal sealed class Ngtcp2ConnectionContext : EngineConnection, IConnectionKeepAliveFeature
{
    private static readonly ImmutableArray<Type> Own = [.. OwnOfAll, typeof(IConnectionKeepAliveFeature)];

    private readonly PathEventQueue _pathEvents = new();
    private readonly Queue<TaskCompletionSource<ConnectionContext>> _openingBidirectional = new();
    private readonly Queue<TaskCompletionSource<ConnectionContext>> _openingUnidirectional = new();
    private readonly ConnectionDriver _driver;
    private readonly Action<Ngtcp2ConnectionContext> _established;
    private NetworkPath _currentPath;
    private TimeSpan _keepAliveInterval;

    public Ngtcp2ConnectionContext(
        ConnectionDriver driver,
        NetworkPath path,
        ConnectionSettings settings,
        Action<Ngtcp2ConnectionContext> established,
        IConnectionMigrationFeature? migration = null)
        : base(settings.MigrationTimeout, Own)
    {
        _driver = driver;
        _established = established;
        _currentPath = path;
        _keepAliveInterval = settings.KeepAliveInterval;
        Capabilities = PathCapabilities.Detection | PathCapabilities.ExactValidation | PathCapabilities.ValidationFailure | PathCapabilities.Refusal;
        if (migration is not null)
        {
            Features.Set(migration);
            Capabilities |= PathCapabilities.ActiveMigration;
        }
    }

    /// <summary>Hears of a connection that ended before it was established.</summary>
    public Action<Exception>? Failed { get; set; }

    /// <summary>Hears of the name of the host that a client wants, where certificates are chosen by it.</summary>
    public Action<string>? Greeted { get; set; }

    public override NetworkPath CurrentPath => Volatile.Read(ref _currentPath);

    public override PathCapabilities Capabilities { get; }

    public override ChannelReader<PathEvent> Events => _pathEvents;

    public override PathJudge? Judge
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

    protected override ConnectionId Id => _driver.Core.Id;

    // ngtcp2 knows by itself.
    public override void Confirm()
    {
    }

    /// <summary>Takes an event of the core, on the driver's thread.</summary>
    public void OnEvent(ConnectionEvent next)
    {
        switch (next)
        {
            case ConnectionEvent.ClientGreeted greeted:
                Greeted?.Invoke(greeted.ServerName);
                break;
            case ConnectionEvent.HandshakeCompleted:
                Volatile.Write(ref _currentPath, _driver.Core.CurrentPath.ToPath());
                _established(this);
                break;
            case ConnectionEvent.StreamAccepted accepted:
                Offer(new Ngtcp2StreamContext(this, accepted.Stream));
                break;
            case ConnectionEvent.StreamsAvailable:
                OpenStreams(_openingBidirectional, isUnidirectional: false);
                OpenStreams(_openingUnidirectional, isUnidirectional: true);
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

    protected override async ValueTask<ConnectionContext> OpenStreamAsync(bool isUnidirectional, CancellationToken cancellationToken)
    {
        var opening = new TaskCompletionSource<ConnectionContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queue = isUnidirectional ? _openingUnidirectional : _openingBidirectional;
        _driver.Core.Request(() =>
        {
            queue.Enqueue(opening);
            OpenStreams(queue, isUnidirectional);
        });
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<ConnectionContext>)state!).TrySetCanceled(token), opening);

        // A connection that has ended may have no thread any more to answer.
        await Task.WhenAny(opening.Task, Closed);
        return opening.Task.IsCompleted ? await opening.Task : throw new QuicConnectionClosedException(await Closed);
    }

    protected override void RequestClose(ulong errorCode, string reason) => _driver.Core.RequestClose(errorCode, reason);

    protected override void OnMigrationTimeoutChanged(TimeSpan value)
        => _driver.Core.Request(() => _driver.Core.SetMigrationTimeout(value));

    private void OnClosed(ConnectionClosure closure)
    {
        var error = new QuicConnectionClosedException(closure);
        Failed?.Invoke(error);
        _pathEvents.Complete();
        foreach (var queue in new[] { _openingBidirectional, _openingUnidirectional })
        {
            while (queue.TryDequeue(out var opening))
            {
                opening.TrySetException(error);
            }
        }

        End(closure);
    }

    private void OpenStreams(Queue<TaskCompletionSource<ConnectionContext>> queue, bool isUnidirectional)
    {
        while (queue.TryPeek(out var opening))
        {
            if (Closure is { } closure)
            {
                opening.TrySetException(new QuicConnectionClosedException(closure));
            }
            else if (!opening.Task.IsCompleted)
            {
                if (_driver.Core.TryOpenStream(isUnidirectional) is not { } stream)
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

            queue.Dequeue();
        }
    }
}
