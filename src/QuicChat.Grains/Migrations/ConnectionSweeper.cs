using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Gateways;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Ends what gateways that are gone have left on this silo, asks those that live about what is overdue, and cleans up after failed connections
/// and forgets them. Each silo looks after its own.
/// </summary>
internal sealed partial class ConnectionSweeper(
    ActiveConnections connections,
    FailureCleanup cleanup,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    CurrentMigrationTimeout timeout,
    IOptions<MigrationOptions> options,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<ConnectionSweeper> logger)
{
    // Enough to end thousands a second, and few enough to leave the store and other calls in peace.
    private const int EndedAtOnce = 16;

    // A question stays small; what is not in it is in the next one.
    private const int AskedAtOnce = 100;

    // A gateway that the registry neither knows nor remembers was lost long ago. It takes its lease before its first connection.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (DateTimeOffset UnresolvedSince, string ConnectionId)> _lastAsked = [];
    private DateTimeOffset _askedAt;

    /// <summary>Goes over this silo's connections once.</summary>
    public async Task SweepAsync(GatewayLiveness gateways)
    {
        var now = time.GetUtcNow();
        var ends = new Dictionary<string, Func<IConnectionKeeper, Task>>();
        foreach (var gateway in gateways.Lost)
        {
            foreach (var connectionId in connections.GetLost(gateway))
            {
                ends[connectionId] = connection => connection.EndWithGateway(gateway.GatewayId, gateway.LeaseId);
            }
        }

        var known = gateways.Alive.Concat(gateways.Lost.Select(gateway => gateway.GatewayId)).ToHashSet();
        foreach (var (connectionId, gatewayId, leaseId) in connections.GetOrphans(known, now - OrphanAge))
        {
            ends[connectionId] = connection => connection.EndWithGateway(gatewayId, leaseId);
        }

        var since = now - timeout.Value - options.Value.Grace;
        var unresolved = connections.GetUnresolved(since).ToLookup(connection => gateways.Alive.Contains(connection.GatewayId));
        foreach (var (connectionId, gatewayId, _) in unresolved[false])
        {
            ends.TryAdd(
                connectionId,
                connection => connection.FailUnresolved(since, $"no end by the deadline, and gateway {gatewayId} holds no lease"));
        }

        foreach (var connectionId in connections.GetForgettable(now))
        {
            ends.TryAdd(connectionId, connection => connection.ForgetFailed());
        }

        foreach (var connectionId in connections.GetForgettableLost(now))
        {
            // One that has been registered again is not ended by this, and what ends it comes first.
            ends.TryAdd(connectionId, async connection =>
            {
                await connection.ForgetLost(silo.SiloAddress.ToParsableString());
                connections.UntrackLost(connectionId, now);
            });
        }

        await EndAsync(ends);

        // While a gateway holds its lease, it alone ends attempts: it knows the path.
        if (unresolved[true].Any() && now - _askedAt >= options.Value.Grace)
        {
            _askedAt = now;
            await AskAsync(unresolved[true]);
        }

        await CleanAsync(connections.GetUnfinished(gateways.Alive.ToHashSet()));
    }

    private async Task CleanAsync(ImmutableArray<FailedConnection> unfinished)
    {
        // Whoever does not answer is waited for once a round, not once a connection.
        var silent = new ConcurrentDictionary<string, bool>();
        await Parallel.ForEachAsync(unfinished, new ParallelOptions { MaxDegreeOfParallelism = EndedAtOnce }, async (failed, _) =>
        {
            try
            {
                await cleanup.CleanAsync(silent.ContainsKey(failed.GatewayId) ? failed with { IsOpen = false } : failed);
            }
            catch (Exception error)
            {
                if (silent.TryAdd(failed.GatewayId, true))
                {
                    LogNotCleaned(error, failed.ConnectionId, failed.UserId, failed.GatewayId);
                }
            }
        });
    }

    private async Task EndAsync(Dictionary<string, Func<IConnectionKeeper, Task>> ends)
    {
        var failed = 0;
        await Parallel.ForEachAsync(ends, new ParallelOptions { MaxDegreeOfParallelism = EndedAtOnce }, async (end, _) =>
        {
            try
            {
                await end.Value(grains.GetGrain<IConnectionKeeper>(end.Key));
            }
            catch (Exception error)
            {
                // It is still tracked, so the next round tries again. One line a round is enough.
                if (Interlocked.Increment(ref failed) == 1)
                {
                    LogNotEnded(error, end.Key);
                }
            }
        });
        if (ends.Count > failed)
        {
            LogEnded(silo.Name, ends.Count - failed, failed);
        }
    }

    private async Task AskAsync(IEnumerable<(string ConnectionId, string GatewayId, DateTimeOffset UnresolvedSince)> unresolved)
    {
        var gateways = unresolved.GroupBy(connection => connection.GatewayId).ToList();
        foreach (var resolved in _lastAsked.Keys.Except(gateways.Select(gateway => gateway.Key)).ToList())
        {
            _lastAsked.Remove(resolved);
        }

        foreach (var gateway in gateways)
        {
            // On from the last one asked, so that those that stay unresolved do not keep the others from their turn.
            var last = _lastAsked.GetValueOrDefault(gateway.Key);
            var asked = gateway.OrderBy(connection => connection.UnresolvedSince < last.UnresolvedSince
                || (connection.UnresolvedSince == last.UnresolvedSince && string.CompareOrdinal(connection.ConnectionId, last.ConnectionId) <= 0))
                .Take(AskedAtOnce).ToList();
            _lastAsked[gateway.Key] = (asked[^1].UnresolvedSince, asked[^1].ConnectionId);
            try
            {
                LogOverdue(gateway.Key, gateway.Count());
                await grains.GetGrain<IGatewayLeases>(IGatewayRegistryGrain.Key)
                    .CheckConnections(gateway.Key, [.. asked.Select(connection => connection.ConnectionId)]);
            }
            catch (Exception error)
            {
                LogNotAsked(error, gateway.Key);
            }
        }
    }

    [LoggerMessage(1300, LogLevel.Warning, "{ConnectionId} could not be ended; it is tried again.")]
    private partial void LogNotEnded(Exception error, string connectionId);

    [LoggerMessage(1301, LogLevel.Information, "{Silo} ended or forgot {Count} connections; {Failed} are tried again.")]
    private partial void LogEnded(string silo, int count, int failed);

    [LoggerMessage(1307, LogLevel.Warning, "{ConnectionId} failed, but user {UserId} or gateway {GatewayId} has not heard of it; it is tried again.")]
    private partial void LogNotCleaned(Exception error, string connectionId, string userId, string gatewayId);

    [LoggerMessage(1304, LogLevel.Warning, "Gateway {GatewayId} has not said how {Count} attempts ended that are past their deadline; it is asked.")]
    private partial void LogOverdue(string gatewayId, int count);

    [LoggerMessage(1305, LogLevel.Warning, "Gateway {GatewayId} could not be asked about overdue attempts; it is tried again.")]
    private partial void LogNotAsked(Exception error, string gatewayId);
}
