using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Policies;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Gateways;

/// <summary>
/// Keeps the leases in memory and the list of gateways in the store, which is written only when a gateway comes, goes or is lost. Each
/// activation gives every gateway on the list a fresh lease: the registry's own absence must cost no gateway its connections.
/// </summary>
[GrainType("gateway-registry"), KeepAlive]
internal sealed partial class GatewayRegistryGrain(
    [PersistentState("gateways")] IPersistentState<GatewayRegistryRecord> record,
    IOptions<GatewayLeaseOptions> options,
    IOptions<MigrationOptions> migration,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<GatewayRegistryGrain> logger) : Grain, IGatewayRegistryGrain, IGatewayLeases
{
    private readonly Dictionary<string, DateTimeOffset> _leases = [];
    private readonly Dictionary<string, IGatewayObserver> _observers = [];

    private Dictionary<string, GatewayDescription> Gateways => record.State.Gateways;

    private List<LostGateway> Lost => record.State.Lost;

    private TimeSpan MigrationTimeout => record.State.MigrationTimeout ?? migration.Value.Timeout;

    private MigrationPolicy Policy => record.State.Policy ?? migration.Value.Policy;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        foreach (var gatewayId in Gateways.Keys)
        {
            _leases[gatewayId] = time.GetUtcNow() + options.Value.Duration;
        }

        return Task.CompletedTask;
    }

    public async Task<GatewayLease> Renew(GatewayDescription gateway, IGatewayObserver observer)
    {
        var now = time.GetUtcNow();
        var gatewayId = gateway.GatewayId;
        var changed = true;
        var serverId = FindServerId(gateway);

        // Under a new ID the gateway learns that it had lost its lease, however late it asks and whichever answer was lost on the way.
        var leaseId = Guid.NewGuid();
        if (!Gateways.TryGetValue(gatewayId, out var known))
        {
            // Where it was lost, it lives after all. What it still holds it registers again.
            Lost.RemoveAll(lost => lost.GatewayId == gatewayId && lost.StartedAt == gateway.StartedAt);
            LogJoined(gatewayId, gateway.EndPoint, gateway.Engine);
        }
        else if (known.StartedAt > gateway.StartedAt)
        {
            throw new GatewayReplacedException(
                $"Another process of the name {gatewayId}, at {known.EndPoint}, started at {known.StartedAt:O}, after this one, and holds the lease; "
                + "give each gateway a name of its own with --id.");
        }
        else if (known.StartedAt != gateway.StartedAt)
        {
            Lose(gatewayId);
            LogReplaced(gatewayId, known.StartedAt, gateway.StartedAt);
        }
        else
        {
            changed = known.LinkEndPoint != gateway.LinkEndPoint || known.ServerId != serverId;
            leaseId = record.State.Leases.GetValueOrDefault(gatewayId);
        }

        if (changed)
        {
            record.State.ServerIds[gatewayId] = serverId;
            record.State.LastServerId = Math.Max(record.State.LastServerId, serverId);
            record.State.PoolVersion++;
        }

        gateway = gateway with { ServerId = serverId };
        Gateways[gatewayId] = gateway;
        record.State.Leases[gatewayId] = leaseId;
        _leases[gatewayId] = now + options.Value.Duration;
        _observers[gatewayId] = observer;
        if (changed)
        {
            await WriteAsync();
        }

        // Not each second again. What the silos' options say has no version of its own.
        var isKnown = record.State.Policy is not null && gateway.SettingsVersion == record.State.SettingsVersion;
        return new GatewayLease(
            options.Value.Duration,
            MigrationTimeout,
            leaseId,
            isKnown ? null : Policy,
            record.State.SettingsVersion,
            serverId,
            gateway.PoolVersion == record.State.PoolVersion ? null : PeersOf(gatewayId),
            record.State.PoolVersion);
    }

    public async Task Release(string gatewayId, DateTimeOffset startedAt)
    {
        if (Gateways.TryGetValue(gatewayId, out var gateway) && gateway.StartedAt == startedAt)
        {
            // Nothing should be left of it; what is, is gone with it.
            Lose(gatewayId);
            LogReleased(gatewayId);
            await WriteAsync();
        }
    }

    public Task<ImmutableArray<GatewayDescription>> GetGateways()
    {
        var now = time.GetUtcNow();
        return Task.FromResult(Gateways.Values
            .Where(gateway => _leases[gateway.GatewayId] > now)
            .OrderBy(gateway => gateway.GatewayId, StringComparer.Ordinal)
            .ToImmutableArray());
    }

    public async Task<bool> CloseConnection(string gatewayId, string connectionId, int errorCode, string reason)
    {
        if (!_observers.TryGetValue(gatewayId, out var observer))
        {
            return false;
        }

        await observer.CloseConnection(connectionId, errorCode, reason);
        return true;
    }

    public async Task<bool> Drain(string gatewayId, TimeSpan timeLimit)
    {
        if (!_observers.TryGetValue(gatewayId, out var observer))
        {
            return false;
        }

        LogDrained(gatewayId, timeLimit.TotalSeconds);
        await observer.Drain(timeLimit);
        return true;
    }

    public async Task<bool> Undrain(string gatewayId)
    {
        if (!_observers.TryGetValue(gatewayId, out var observer))
        {
            return false;
        }

        LogUndrained(gatewayId);
        await observer.Undrain();
        return true;
    }

    public async Task<GatewayLiveness> GetLiveness()
    {
        var now = time.GetUtcNow();
        var ended = _leases.Where(lease => lease.Value <= now).Select(lease => lease.Key).ToList();
        foreach (var gatewayId in ended)
        {
            Lose(gatewayId);
            LogLost(gatewayId, options.Value.Duration.TotalSeconds);
        }

        var forgotten = Lost.RemoveAll(lost => lost.LostAt < now - options.Value.LossRemembered);
        if (ended.Count + forgotten > 0)
        {
            foreach (var gatewayId in record.State.ServerIds.Keys)
            {
                if (!Gateways.ContainsKey(gatewayId) && !Lost.Exists(lost => lost.GatewayId == gatewayId))
                {
                    // Removing from a dictionary while walking it is allowed.
                    record.State.ServerIds.Remove(gatewayId);
                }
            }

            await WriteAsync();
        }

        return new GatewayLiveness([.. _leases.Keys], [.. Lost], MigrationTimeout);
    }

    public Task CheckConnections(string gatewayId, ImmutableArray<string> connectionIds)
        => _observers.TryGetValue(gatewayId, out var observer) ? observer.CheckConnections(connectionIds) : Task.CompletedTask;

    public Task<TimeSpan> GetMigrationTimeout() => Task.FromResult(MigrationTimeout);

    public async Task<long> SetMigrationTimeout(TimeSpan timeout)
    {
        record.State.MigrationTimeout = timeout;
        var version = ++record.State.SettingsVersion;
        await WriteAsync();
        LogTimeout(timeout);
        return version;
    }

    public Task<MigrationPolicy> GetPolicy() => Task.FromResult(Policy);

    public async Task<long> SetPolicy(MigrationPolicy policy)
    {
        record.State.Policy = policy;
        var version = ++record.State.SettingsVersion;
        await WriteAsync();
        LogPolicy(MigrationPolicyJson.Format(policy).ReplaceLineEndings(" "));
        return version;
    }

    private ImmutableArray<GatewayPeer> PeersOf(string gatewayId)
        => [.. Gateways.Values
            .Where(other => other.GatewayId != gatewayId && other.LinkEndPoint.Length > 0)
            .Select(other => new GatewayPeer(other.ServerId, other.LinkEndPoint))];

    // A gateway keeps its ID from process to process: what arrives for a former one's connections is then known to be for connections that are gone.
    private uint FindServerId(GatewayDescription gateway)
    {
        if (gateway.ServerId == 0)
        {
            return record.State.ServerIds.TryGetValue(gateway.GatewayId, out var known) ? known : record.State.LastServerId + 1;
        }

        return record.State.ServerIds.FirstOrDefault(item => item.Value == gateway.ServerId && item.Key != gateway.GatewayId).Key is not { } other
            ? gateway.ServerId
            : throw new ServerIdTakenException(
                $"Gateway {gateway.GatewayId} asks for server ID {gateway.ServerId}, which gateway {other} has; give each its own with --server-id, or leave that to the cluster.");
    }

    private void Lose(string gatewayId)
    {
        record.State.PoolVersion++;
        record.State.Leases.Remove(gatewayId, out var leaseId);
        Lost.Add(new LostGateway(gatewayId, Gateways[gatewayId].StartedAt, time.GetUtcNow(), leaseId));
        Gateways.Remove(gatewayId);
        _leases.Remove(gatewayId);
        _observers.Remove(gatewayId);
    }

    private async Task WriteAsync()
    {
        try
        {
            await record.WriteStateAsync();
        }
        catch
        {
            // Whether it was written is unknown; the next activation reads what is there.
            DeactivateOnIdle();
            throw;
        }
    }

    [LoggerMessage(1100, LogLevel.Information, "Gateway {GatewayId} at {EndPoint} joined, engine {Engine}.")]
    private partial void LogJoined(string gatewayId, string endPoint, string engine);

    [LoggerMessage(1101, LogLevel.Warning, "Gateway {GatewayId}, started {FormerStart:O}, was replaced by one started {Start:O}: the former one's connections end.")]
    private partial void LogReplaced(string gatewayId, DateTimeOffset formerStart, DateTimeOffset start);

    [LoggerMessage(1102, LogLevel.Information, "Gateway {GatewayId} left.")]
    private partial void LogReleased(string gatewayId);

    [LoggerMessage(1103, LogLevel.Warning, "Gateway {GatewayId} was lost: it has not renewed its lease for {Seconds} s. Its connections end.")]
    private partial void LogLost(string gatewayId, double seconds);

    [LoggerMessage(1104, LogLevel.Information, "Migrations may now take {Timeout}.")]
    private partial void LogTimeout(TimeSpan timeout);

    [LoggerMessage(1106, LogLevel.Information, "Gateway {GatewayId} is to drain within {Seconds} s.")]
    private partial void LogDrained(string gatewayId, double seconds);

    [LoggerMessage(1107, LogLevel.Information, "Gateway {GatewayId} is to take connections again.")]
    private partial void LogUndrained(string gatewayId);

    [LoggerMessage(1105, LogLevel.Information, "The migration policy is now {Policy}.")]
    private partial void LogPolicy(string policy);
}
