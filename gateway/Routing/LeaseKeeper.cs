using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Gateways;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Sessions;

namespace QuicChat.Gateway.Routing;

/// <summary>
/// Keeps this gateway's lease. Where it comes back under a new ID, the cluster had given this gateway's connections up meanwhile: they are
/// registered again, and rooms are asked for at once. That shows however the loss came about, also where it fell within one late call.
/// </summary>
internal sealed class LeaseKeeper(
    ICluster cluster,
    ClientSessions sessions,
    RoomRelays relays,
    PoolKeeper pool,
    IOptions<GatewayOptions> options,
    TimeProvider time,
    GatewayMetrics metrics,
    ILogger<LeaseKeeper> logger)
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private Task _renewing = Task.CompletedTask;
    private long _settingsVersion;
    private bool _isFailing;
    private volatile string? _refusal;

    // The end of the lease by the monotonic time, counted from before it was asked for.
    private long _heldUntil = long.MinValue;

    /// <summary>Why the cluster refuses the lease at present: another process holds it; <see langword="null"/> where it does not.</summary>
    public string? Refusal => _refusal;

    /// <summary>When this process began.</summary>
    public DateTimeOffset StartedAt => _startedAt;

    /// <summary>Whether the cluster has given this gateway a lease that still runs.</summary>
    public bool IsHeld => time.GetTimestamp() < Volatile.Read(ref _heldUntil);

    /// <summary>Takes the lease and keeps it from then on.</summary>
    /// <param name="endPoint">Where clients reach this gateway.</param>
    /// <param name="cancellationToken">Ends the tries to take it.</param>
    public async Task StartAsync(string endPoint, CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(); !await TryRenewAsync(endPoint); await Task.Delay(backoff.Next(), time, cancellationToken))
        {
        }

        _renewing = KeepAsync(endPoint);
    }

    /// <summary>Gives the lease back.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await _renewing.WaitAsync(cancellationToken);
            Volatile.Write(ref _heldUntil, long.MinValue);
            await cluster.Gateways.Release(options.Value.Id, _startedAt).WaitAsync(cancellationToken);
        }
        catch (Exception e)
        {
            // It ends by itself.
            logger.LeaseNotReleased(e);
        }
    }

    private async Task KeepAsync(string endPoint)
    {
        var backoff = new Backoff();
        var pause = options.Value.LeaseRenewInterval;
        while (true)
        {
            await Task.Delay(pause, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (await TryRenewAsync(endPoint))
            {
                backoff.Reset();
                pause = options.Value.LeaseRenewInterval;
            }
            else
            {
                pause = backoff.Next();
            }
        }
    }

    private async Task<bool> TryRenewAsync(string endPoint)
    {
        try
        {
            var description = new GatewayDescription(
                options.Value.Id,
                options.Value.ServerId,
                endPoint,
                sessions.Engine,
                sessions.Count,
                _startedAt,
                _settingsVersion,
                sessions.IsDraining,
                pool.LinkEndPoint,
                pool.Version);
            var askedAt = time.GetTimestamp();
            var renewed = await cluster.Gateways.Renew(description, cluster.Observer);
            Volatile.Write(ref _heldUntil, askedAt + (long)(renewed.Duration.TotalSeconds * time.TimestampFrequency));
            Apply(renewed);
            _isFailing = false;
            _refusal = null;
            return true;
        }
        catch (Exception e) when (e is GatewayReplacedException or ServerIdTakenException)
        {
            pool.Leave();
            Volatile.Write(ref _heldUntil, long.MinValue);
            if (_refusal is null)
            {
                _refusal = e.Message;
                logger.LeaseRefused(e.Message);
            }
        }
        catch (Exception e)
        {
            // Whatever it is, the lease must be renewed on.
            if (!_isFailing)
            {
                _isFailing = true;
                logger.LeaseNotRenewed(e);
            }
        }

        metrics.ClusterCallFailed(nameof(IGatewayRegistryGrain.Renew));
        return false;
    }

    private void Apply(GatewayLease lease)
    {
        // First of all, so that what else cannot be applied loses no connection.
        var former = sessions.Lease;
        sessions.Lease = lease;
        if (former is not null && former.Id != lease.Id)
        {
            logger.LeaseRegained(sessions.Count);
            sessions.RegisterAllAgain();
            relays.RenewAll();
        }

        sessions.MigrationTimeout = lease.MigrationTimeout;
        sessions.Policy = lease.Policy ?? sessions.Policy;
        _settingsVersion = lease.SettingsVersion;
        pool.Apply(lease);
    }
}
