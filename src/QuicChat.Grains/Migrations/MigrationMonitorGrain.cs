using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Policies;
using QuicChat.Grains.Connections;
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
    IConnectionIndex index,
    IOptions<MigrationOptions> options,
    ISiloStatusOracle membership,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<MigrationMonitorGrain> logger) : Grain, IMigrationMonitorGrain, IMigrationCheckpoint, IRemindable
{
    private const int MigratingLimit = 1_000;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    // Who asks waits for the slowest silo, and does so for less than 8 s.
    private static readonly TimeSpan SiloPatience = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, LiveSilo> _silos = [];
    private readonly Dictionary<string, long> _durable = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private GatewayLiveness? _gateways;
    private Task _recovering = Task.CompletedTask;
    private bool _areSumsNew;
    private bool _areFailedNew;
    private bool _isReminderSet;
    private bool _isFailing;

    private Dictionary<string, SiloSums> Present => sums.State.Present;

    private Dictionary<string, SumsByGateway> Past => sums.State.Past;

    private Dictionary<string, SumsByGateway> Baseline => sums.State.Baseline;

    private List<FailedMigration> Failed => failed.State.Migrations;

    private IGatewayLeases Leases => GrainFactory.GetGrain<IGatewayLeases>(IGatewayRegistryGrain.Key);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (sums.State.Since is null)
        {
            sums.State.Since = time.GetUtcNow();
        }

        // A monitor that was moved brings along what it had not written; what is durable is known once this one has written.
        (_areSumsNew, _areFailedNew) = (true, true);
        this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions(TimeSpan.Zero, Tick) { Interleave = true, KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    public Task<CollectorReceipt> Push(CollectorReport report, IMigrationCollectorObserver silo)
    {
        if (IsDead(report.Incarnation))
        {
            // It has not heard of its death yet. Its connections' records are read again; what it says would count twice.
            return Task.FromResult(new CollectorReceipt(0, null));
        }

        var known = Present.GetValueOrDefault(report.Incarnation);
        if (known is null || known.Sequence < report.Sums.Sequence)
        {
            _areSumsNew |= known is null || known.Changes < report.Sums.Changes;
            Present[report.Incarnation] = report.Sums;
            _silos[report.Incarnation] = new LiveSilo(report.Sums.Silo, report.Connections, report.Migrating, silo);
        }

        Add(report.Failed);
        return Task.FromResult(new CollectorReceipt(_durable.GetValueOrDefault(report.Incarnation), _gateways) { Observers = Observers() });
    }

    public Task<MigrationStats> GetMigrationStats()
    {
        var silos = SumsBySilo().OrderBy(silo => silo.Key, StringComparer.Ordinal)
            .Select(silo => (Name: silo.Key, Sums: silo.Value.Minus(Baseline.GetValueOrDefault(silo.Key, SumsByGateway.Zero)))).ToList();
        var gateways = silos.Aggregate(SumsByGateway.Zero, (sum, silo) => sum.Plus(silo.Sums));
        var all = gateways.Sum();
        var live = Live().ToLookup(silo => silo.Name);

        return Task.FromResult(new MigrationStats(
            all.Connections,
            all.Totals.InFlight,
            all.Totals,
            all.Durations.ToDurations(),
            [
                .. silos.Select(silo => Part(
                    silo.Name, live[silo.Name].Sum(one => one.Connections), live[silo.Name].Sum(one => one.Migrating), silo.Sums.Sum())),
            ],
            [
                .. gateways.Items.OrderBy(gateway => gateway.Key, StringComparer.Ordinal).Select(gateway => Part(
                    gateway.Key, gateway.Value.Connections, gateway.Value.Totals.InFlight, gateway.Value)),
            ],
            sums.State.Since!.Value)
        {
            ByKind = all.ByKind,
            Histogram = all.Durations,
            Recovering = [.. Recovering()],
        });

        static MigrationStatsPart Part(string id, long connections, long migrating, GatewaySums sums)
            => new(id, connections, migrating, sums.Totals) { ByKind = sums.ByKind, Histogram = sums.Durations };
    }

    public async Task<MigratingList> GetMigratingConnections(int limit)
    {
        limit = Math.Clamp(limit, 0, MigratingLimit);
        var unheard = Unheard();
        var answers = await Task.WhenAll(Live().Select(silo => AskAsync(
            silo, async observer => new MigratingList(await observer.GetMigrating(limit), []), new MigratingList([], [silo.Name]))));
        return new MigratingList(
            [.. answers.SelectMany(answer => answer.Connections).OrderBy(connection => connection.StartedAt).Take(limit)],
            [.. answers.SelectMany(answer => answer.Missing).Concat(unheard).Concat(Recovering()).Distinct().Order(StringComparer.Ordinal)]);
    }

    public async Task<ConnectionList> GetConnections(ConnectionFilter filter, int limit)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (limit is < 1 or > IMigrationMonitorGrain.MostConnections)
        {
            throw new ArgumentOutOfRangeException(
                nameof(limit), limit, $"A list of connections has from 1 to {IMigrationMonitorGrain.MostConnections} entries.");
        }

        var unheard = Unheard();
        var answers = await Task.WhenAll(Live().Select(silo => AskAsync(
            silo, observer => observer.GetConnections(filter, limit), new ConnectionList(0, [], [silo.Name]))));
        return ConnectionList.Merge([.. answers, new ConnectionList(0, [], [.. unheard, .. Recovering()])], limit);
    }

    public Task<ImmutableArray<FailedMigration>> GetFailedMigrations(int limit)
        => Task.FromResult(Failed.AsEnumerable().Reverse().Take(limit).ToImmutableArray());

    public Task<TimeSpan> GetTimeout() => Leases.GetMigrationTimeout();

    public Task<long> SetTimeout(TimeSpan timeout)
    {
        if (timeout < MigrationLimits.ShortestTimeout || timeout > MigrationLimits.LongestTimeout)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, "A migration time-out is from 1 s to 1 h.");
        }

        return Leases.SetMigrationTimeout(timeout);
    }

    public Task<MigrationPolicy> GetPolicy() => Leases.GetPolicy();

    public Task<long> SetPolicy(MigrationPolicy policy)
        => policy.Validate() is { } reason ? throw new ArgumentException(reason, nameof(policy)) : Leases.SetPolicy(policy);

    public async Task Reset()
    {
        // What was acknowledged before the reset should not appear after it.
        var answers = await Task.WhenAll(Live().Select(async silo => (silo.Name, HasReported: await FlushAsync(silo))));
        if (Unheard().Concat(Recovering()).Concat(answers.Where(answer => !answer.HasReported).Select(answer => answer.Name)).Distinct().ToList() is [_, ..] missing)
        {
            throw new InvalidOperationException(
                $"{string.Join(" and ", missing)} has not said yet what it counted before the reset: it does not answer, or has died and is being read again; try again soon");
        }

        sums.State.Since = time.GetUtcNow();
        sums.State.Baseline = Migrations.Baseline.Of(SumsBySilo());
        _areSumsNew = true;
        await WriteAsync();
        LogReset();
    }

    private Dictionary<string, SumsByGateway> SumsBySilo()
    {
        var all = new Dictionary<string, SumsByGateway>(Past);
        foreach (var silo in Present.Values)
        {
            all[silo.Silo] = all.TryGetValue(silo.Silo, out var counted) ? counted.Plus(silo.All) : silo.All;
        }

        return all;
    }

    private void Add(ImmutableArray<FailedMigration> migrations)
    {
        // A connection fails once, but the one silo may tell of it that it failed on, and another where it became active afterwards.
        foreach (var migration in migrations.Where(migration => !Failed.Any(kept => kept.ConnectionId == migration.ConnectionId)))
        {
            var place = Failed.FindLastIndex(kept => kept.FailedAt <= migration.FailedAt) + 1;
            Failed.Insert(place, migration);
            _areFailedNew = true;
        }

        Failed.RemoveRange(0, Math.Max(0, Failed.Count - options.Value.FailedMigrationsKept));
    }

    private bool IsDead(string incarnation) => membership.IsDeadSilo(SiloAddress.FromParsableString(incarnation));

    private IEnumerable<LiveSilo> Live() => _silos.Where(silo => !IsDead(silo.Key)).Select(silo => silo.Value);

    private IEnumerable<string> Recovering() => Present.Where(silo => IsDead(silo.Key)).Select(silo => silo.Value.Silo).Distinct();

    // A silo that has not reported since this activation of the monitor began cannot be asked, but its connections are there.
    private List<string> Unheard() => [.. membership.GetApproximateSiloStatuses(onlyActive: true).Keys
        .Where(address => !_silos.ContainsKey(address.ToParsableString())).Select(NameOf)];

    private string NameOf(SiloAddress address) => membership.TryGetSiloName(address, out var name) ? name : address.ToString();

    private async Task<T> AskAsync<T>(LiveSilo silo, Func<IMigrationCollectorObserver, Task<T>> question, T none)
    {
        try
        {
            return await question(silo.Observer).WaitAsync(SiloPatience);
        }
        catch (Exception error)
        {
            // A silo on its way out; what the others say is worth more than an error.
            LogNoAnswer(error, silo.Name);
            return none;
        }
    }

    private Task<bool> FlushAsync(LiveSilo silo) => AskAsync(
        silo,
        async observer =>
        {
            await observer.Report();
            return true;
        },
        false);

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        try
        {
            _gateways = await Leases.GetLiveness();
            await WriteAsync();
            await RecoverDeadAsync();
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

    private async Task WriteAsync()
    {
        // One at a time: tick, recovery and reset write the same records.
        await _writing.WaitAsync();
        try
        {
            var sequences = Sequences();
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

            // What came meanwhile is in later reports. Where nothing was new, what these say is what was written before.
            NoteDurable(sequences);
        }
        catch (Exception error)
        {
            (_areSumsNew, _areFailedNew) = (true, true);
            if (error is InconsistentStateException)
            {
                // Another activation has written, or an earlier write of this one whose answer was lost. Silos report all of it again.
                DeactivateOnIdle();
            }

            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    private List<(string Incarnation, long Sequence)> Sequences() => [.. Present.Select(silo => (silo.Key, silo.Value.Sequence))];

    private void NoteDurable(List<(string Incarnation, long Sequence)> sequences)
    {
        foreach (var (incarnation, sequence) in sequences)
        {
            _durable[incarnation] = sequence;
        }
    }

    [LoggerMessage(1310, LogLevel.Warning, "{Silo} does not answer the migration monitor.")]
    private partial void LogNoAnswer(Exception error, string silo);

    [LoggerMessage(1311, LogLevel.Warning, "The migration monitor cannot reach the store or the gateway registry; it goes on trying.")]
    private partial void LogTickFailed(Exception error);

    [LoggerMessage(1312, LogLevel.Information, "Migrations are counted from now on.")]
    private partial void LogReset();

    private sealed record LiveSilo(string Name, long Connections, long Migrating, IMigrationCollectorObserver Observer);
}
