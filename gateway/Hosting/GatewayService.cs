using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Hosting;

/// <summary>
/// The gateway's life: its port is bound before the cluster is looked for, so that a taken one is told at once; it serves once it has a lease.
/// </summary>
internal sealed class GatewayService(
    IMultiplexedConnectionListenerFactory listeners,
    OrleansCluster cluster,
    GatewayObserver observer,
    LeaseKeeper lease,
    PoolKeeper pool,
    SessionTokens sessionTokens,
    ClientSessions sessions,
    RoomRelays relays,
    IOptions<GatewayOptions> options,
    TimeProvider time,
    ILogger<GatewayService> logger) : IHostedLifecycleService, IAsyncDisposable
{
    // The silo that was found last of all may still be busy with its start.
    private static readonly TimeSpan ShortestWaitForLease = TimeSpan.FromSeconds(3);

    private long _startedAt;
    private IMultiplexedConnectionListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private volatile bool _isServing;
    private volatile bool _isStopping;

    /// <summary>Its server ID, once it serves.</summary>
    public uint ServerId => pool.ServerId;

    /// <summary>Where it listens, once it does.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener!.EndPoint;

    /// <summary>Why clients should not be sent here; <see langword="null"/> where they may.</summary>
    public string? WhyUnready => !_isServing ? "the gateway has not joined its cluster yet"
        : _isStopping ? "the gateway is stopping"
        : sessions.IsDraining ? "the gateway drains"
        : lease.Refusal;

    /// <summary>How it is now, from the start on.</summary>
    public GatewayStatus Status
    {
        get
        {
            var (rooms, streams) = relays.Count();
            var listening = (IPEndPoint?)_listener?.EndPoint;
            return new GatewayStatus
            {
                Id = options.Value.Id,
                ServerId = ServerId is 0 ? null : ServerId,
                ClusterId = options.Value.ClusterId,
                Engine = sessions.Engine,
                Version = GatewayMetricsExport.Version,
                ProcessId = Environment.ProcessId,
                StartedAt = lease.StartedAt,
                EndPoint = listening?.ToString(),
                Advertised = listening is null ? null : AdvertisedEndPoint.Of(options.Value.Advertise, listening),
                Link = pool.LinkEndPoint is { Length: > 0 } link ? link : null,
                WhyUnready = WhyUnready,
                HoldsLease = lease.IsHeld,
                IsDraining = sessions.IsDraining,
                Connections = sessions.Count,
                Rooms = rooms,
                RoomStreams = streams,
            };
        }
    }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        _startedAt = time.GetTimestamp();
        var listen = options.Value.Listen;
        try
        {
            _listener = await listeners.BindAsync(listen, null, cancellationToken);
        }
        catch (ServerLinkException e)
        {
            throw new GatewayStartException(
                e.InnerException is AddressInUseException
                    ? $"UDP port {e.EndPoint.Port} of {e.EndPoint.Address}, for other gateways, is taken by another process; "
                        + "end that one, or give another port with --link (0 takes a free one)."
                    : $"The gateway cannot listen for other gateways on UDP {e.EndPoint}: {e.InnerException!.Message} Give another address with --link.",
                e);
        }
        catch (Exception e) when (e is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            throw new GatewayStartException(
                $"UDP port {listen.Port} of {listen.Address} is taken by another process; "
                + "end that one, or give another port with --listen (0 takes a free one).",
                e);
        }
        catch (SocketException e)
        {
            throw new GatewayStartException($"The gateway cannot listen on UDP {listen}: {e.Message}. Give another address with --listen.", e);
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        cluster.Observe(observer);
        var left = options.Value.ConnectTimeLimit - time.GetElapsedTime(_startedAt);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(left > ShortestWaitForLease ? left : ShortestWaitForLease);
        try
        {
            // A call that is under way cannot be cancelled, but need not be waited for.
            var advertised = AdvertisedEndPoint.Of(options.Value.Advertise, EndPoint)!;
            await lease.StartAsync(advertised, limit.Token).WaitAsync(limit.Token);
            await sessionTokens.StartAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GatewayStartException(
                lease.Refusal ?? $"Cluster '{options.Value.ClusterId}' gave gateway {options.Value.Id} no lease and session keys within "
                + $"{options.Value.ConnectTimeLimit.TotalSeconds:0} s; look at its silos' logs.",
                e);
        }

        pool.Refresh();
        if (pool.LinkEndPoint.Length == 0)
        {
            logger.NoLink();
        }

        _isServing = true;
        _accepting = AcceptAsync(_listener!);
        logger.Serving(options.Value.Id, EndPoint, sessions.Engine);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_isServing)
        {
            return;
        }

        _isStopping = true;
        logger.Stopping(options.Value.Id, sessions.Count);
        await TryAsync("unbinding", () => _listener!.UnbindAsync(cancellationToken).AsTask());
        await TryAsync("accepting", () => _accepting.WaitAsync(cancellationToken));
        await TryAsync("closing connections", () => sessions.StopAsync(cancellationToken));
        await TryAsync("leaving rooms", () => relays.StopAsync(cancellationToken));
        await TryAsync("giving back the lease", () => lease.StopAsync(cancellationToken));
        await TryAsync("forgetting the observer", () =>
        {
            cluster.Forget();
            return Task.CompletedTask;
        });
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_listener is { } listener)
        {
            if (!_isServing)
            {
                await SendAwayAsync(listener);
            }

            await listener.DisposeAsync();
        }
    }

    // A start that failed: who has connected meanwhile is told to try elsewhere, or again.
    private static async Task SendAwayAsync(IMultiplexedConnectionListener listener)
    {
        await listener.UnbindAsync();
        while (await listener.AcceptAsync() is { } connection)
        {
            connection.Features.GetRequiredFeature<IConnectionCloseFeature>().Close(
                (ulong)ErrorCode.GoingAway, "This gateway did not come to serve; try another one, or later");
            await connection.DisposeAsync();
        }
    }

    private async Task AcceptAsync(IMultiplexedConnectionListener listener)
    {
        while (true)
        {
            try
            {
                if (await listener.AcceptAsync() is not { } connection)
                {
                    return;
                }

                _ = sessions.Start(connection);
            }
            catch (Exception e)
            {
                logger.AcceptFailed(e);
            }
        }
    }

    private async Task TryAsync(string step, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e)
        {
            logger.StopIncomplete(step, e);
        }
    }
}
