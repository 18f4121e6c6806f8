using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Adds up what silos report. Reports and questions interleave with everything; the timer alone writes and asks the registry. A reminder
/// brings the monitor back after its silo's death, and mostly the next report does so sooner.
/// </summary>
[GrainType("migration-monitor"), KeepAlive]
internal sealed partial class MigrationMonitorGrain(
    [PersistentState("sums")] IPersistentState<MonitorRecord> sums,
    [PersistentState("failed")] IPersistentState<FailedMigrationsRecord> failed,
    IOptions<MigrationOptions> options,
    ISiloStatusOracle membership,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<MigrationMonitorGrain> logger) : Grain, IMigrationMonitorGrain, IMigrationCheckpoint, IRemindable
{
    private const int MigratingLimit = 1_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, LiveSilo> _silos = [];
    private GatewayLiveness? _gateways;
    private bool _areSumsNew;
    private bool _areFailedNew;
    private bool _isReminderSet;
    private bool _isFailing;

    private Dictionary<string, SiloSums> Present => sums.State.Present;

    private Dictionary<string, SiloSums> Past => sums.State.Past;

    private List<FailedMigration> Failed => failed.State.Migrations;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (sums.State.Since is null)
        {
            sums.State.Since = time.GetUtcNow();
            _areSumsNew = true;
        }

        this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions(TimeSpan.Zero, Tick) { Interleave = true, KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    public Task<GatewayLiveness?> Push(CollectorReport report, IMigrationCollectorObserver silo)
    {
        if (membership.IsDeadSilo(SiloAddress.FromParsableString(report.Incarnation)))
        {
            // It has not heard of its death yet. Its sums are part of the past already; taken again they would count twice.
            return Task.FromResult<GatewayLiveness?>(null);
        }

        var known = Present.GetValueOrDefault(report.Incarnation);
        if (known is null || known.Sequence < report.Sequence)
        {
            _areSumsNew |= known is null || known.Changes < report.Changes;
            Present[report.Incarnation] = new SiloSums(report.Silo, report.Sequence, report.Changes, report.Gateways);
            _silos[report.Incarnation] = new LiveSilo(report.Silo, report.Connections, report.Migrating, silo);
        }

        foreach (var migration in report.Failed.Where(migration => !Failed.Any(kept => kept.ConnectionId == migration.ConnectionId)))
        {
            Failed.Add(migration);
            _areFailedNew = true;
        }

        Failed.RemoveRange(0, Math.Max(0, Failed.Count - options.Value.FailedMigrationsKept));
        return Task.FromResult(_gateways);
    }

    public Task<MigrationStats> GetMigrationStats()
    {
        var silos = Present.Values.Concat(Past.Values).GroupBy(silo => silo.Silo)
            .Select(group => (Name: group.Key, Gateways: group.Aggregate((sum, next) => sum.Plus(next)).Gateways)).ToList();
        var gateways = silos.SelectMany(silo => silo.Gateways).GroupBy(item => item.Key, item => item.Value)
            .Select(group => (Name: group.Key, Sums: group.Aggregate((sum, next) => sum.Plus(next)))).ToList();
        var all = gateways.Aggregate(GatewaySums.Zero, (sum, gateway) => sum.Plus(gateway.Sums));
        var live = Live().ToLookup(silo => silo.Name);

        return Task.FromResult(new MigrationStats(
            all.Connections,
            all.Totals.InFlight,
            all.Totals,
            all.CompletedByKind,
            all.Durations.ToDurations(),
            [
                .. silos.OrderBy(silo => silo.Name, StringComparer.Ordinal).Select(silo => new MigrationStatsPart(
                    silo.Name,
                    live[silo.Name].Sum(one => one.Connections),
                    live[silo.Name].Sum(one => one.Migrating),
                    silo.Gateways.Values.Aggregate(MigrationTotals.Zero, (sum, gateway) => sum.Plus(gateway.Totals)))),
            ],
            [
                .. gateways.OrderBy(gateway => gateway.Name, StringComparer.Ordinal).Select(gateway => new MigrationStatsPart(
                    gateway.Name, gateway.Sums.Connections, gateway.Sums.Totals.InFlight, gateway.Sums.Totals)),
            ],
            sums.State.Since!.Value));
    }

    public async Task<ImmutableArray<MigratingConnection>> GetMigratingConnections(int limit)
    {
        limit = Math.Clamp(limit, 0, MigratingLimit);
        var answers = await Task.WhenAll(Live().Select(silo => AskAsync(silo, limit)));
        return [.. answers.SelectMany(answer => answer).OrderBy(connection => connection.StartedAt).Take(limit)];
    }

    public Task<ImmutableArray<FailedMigration>> GetFailedMigrations(int limit)
        => Task.FromResult(Failed.OrderByDescending(migration => migration.FailedAt).Take(limit).ToImmutableArray());

    private IEnumerable<LiveSilo> Live()
        => _silos.Where(silo => !membership.IsDeadSilo(SiloAddress.FromParsableString(silo.Key))).Select(silo => silo.Value);

    private async Task<ImmutableArray<MigratingConnection>> AskAsync(LiveSilo silo, int limit)
    {
        try
        {
            return await silo.Observer.GetMigrating(limit);
        }
        catch (Exception error)
        {
            // A silo on its way out; what the others say is worth more than an error.
            LogNoAnswer(error, silo.Name);
            return [];
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        try
        {
            _gateways = await GrainFactory.GetGrain<IGatewayLeases>(IGatewayRegistryGrain.Key).GetLiveness();
            FoldDeadSilos();
            await WriteAsync();
            if (!_isReminderSet)
            {
                await this.RegisterOrUpdateReminder("alive", ReminderPeriod, ReminderPeriod);
                _isReminderSet = true;
            }

            _isFailing = false;
        }
        catch (Exception error)
        {
            // Nothing is ended on stale news of gateways.
            _gateways = null;
            if (!_isFailing)
            {
                _isFailing = true;
                LogTickFailed(error);
            }
        }
    }

    // A silo that is dead reports no more; its sums become part of its name's past, so that they do not grow in number with every restart.
    private void FoldDeadSilos()
    {
        foreach (var (incarnation, silo) in Present.ToList())
        {
            if (membership.IsDeadSilo(SiloAddress.FromParsableString(incarnation)))
            {
                Past[silo.Silo] = Past.TryGetValue(silo.Silo, out var past) ? past.Plus(silo) : silo;
                Present.Remove(incarnation);
                _silos.Remove(incarnation);
                _areSumsNew = true;
            }
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            if (_areSumsNew)
            {
                _areSumsNew = false;
                await sums.WriteStateAsync();
            }

            if (_areFailedNew)
            {
                _areFailedNew = false;
                await failed.WriteStateAsync();
            }
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or an earlier write of this one whose answer was lost. Silos report all of it again.
            DeactivateOnIdle();
            throw;
        }
        catch
        {
            (_areSumsNew, _areFailedNew) = (true, true);
            throw;
        }
    }

    [LoggerMessage(1310, LogLevel.Warning, "{Silo} does not say which of its connections migrate.")]
    private partial void LogNoAnswer(Exception error, string silo);

    [LoggerMessage(1311, LogLevel.Warning, "The migration monitor cannot reach the store or the gateway registry; it goes on trying.")]
    private partial void LogTickFailed(Exception error);

    private sealed record LiveSilo(string Name, long Connections, long Migrating, IMigrationCollectorObserver Observer);
}
