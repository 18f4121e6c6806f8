using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Hands a silo's sums to the monitor, and ends what gateways that are gone have left on this silo. The monitor's work does not grow with
/// the number of connections: each silo looks after its own.
/// </summary>
internal sealed partial class MigrationReporter(
    MigrationCollector collector,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IOptions<MigrationOptions> options,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<MigrationReporter> logger) : ILifecycleParticipant<ISiloLifecycle>, IMigrationCollectorObserver
{
    // Enough to end thousands a second, and few enough to leave the store and other calls in peace.
    private const int EndedAtOnce = 16;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private IMigrationCollectorObserver? _reference;
    private Task _reporting = Task.CompletedTask;
    private Task _ending = Task.CompletedTask;
    private bool _isFailing;

    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(nameof(MigrationReporter), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public Task<ImmutableArray<MigratingConnection>> GetMigrating(int limit) => Task.FromResult(collector.GetMigrating(limit));

    /// <summary>Reports now, and begins to end what is lost.</summary>
    public async Task ReportAsync()
    {
        await _one.WaitAsync();
        try
        {
            var report = collector.Report(silo.Name, silo.SiloAddress.ToParsableString());
            var gateways = await grains.GetGrain<IMigrationCheckpoint>(IMigrationMonitorGrain.Key).Push(report, _reference!);
            collector.Answered(report);
            if (gateways is not null && _ending.IsCompleted)
            {
                _ending = EndAsync(gateways);
            }

            if (_isFailing)
            {
                _isFailing = false;
                LogAnswers(silo.Name);
            }
        }
        catch (Exception error)
        {
            // Sums are cumulative: the next report makes up for this one.
            if (!_isFailing)
            {
                _isFailing = true;
                LogSilent(error, silo.Name);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Ends what gateways have left on this silo that are gone.</summary>
    public async Task EndAsync(GatewayLiveness gateways)
    {
        var ends = new Dictionary<string, Func<Task>>();
        foreach (var gateway in gateways.Lost)
        {
            foreach (var connectionId in collector.GetLost(gateway))
            {
                ends[connectionId] = () => grains.GetGrain<IConnectionKeeper>(connectionId).EndWithGateway(gateway.GatewayId, gateway.LostAt);
            }
        }

        var since = time.GetUtcNow() - options.Value.Timeout - options.Value.Grace;
        foreach (var (connectionId, gatewayId) in collector.GetUnresolved(since))
        {
            // While a gateway holds its lease, it alone ends attempts: it knows the path.
            if (!gateways.Alive.Contains(gatewayId))
            {
                ends.TryAdd(connectionId, () => grains.GetGrain<IConnectionKeeper>(connectionId)
                    .FailUnresolved(since, $"no end by the deadline, and gateway {gatewayId} holds no lease"));
            }
        }

        var failed = 0;
        await Parallel.ForEachAsync(ends, new ParallelOptions { MaxDegreeOfParallelism = EndedAtOnce }, async (end, _) =>
        {
            try
            {
                await end.Value();
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

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _reference = grains.CreateObjectReference<IMigrationCollectorObserver>(this);
        _reporting = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _reporting;
        await ReportAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_reference is not null)
        {
            grains.DeleteObjectReference<IMigrationCollectorObserver>(_reference);
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(options.Value.CollectionInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await ReportAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    [LoggerMessage(1300, LogLevel.Warning, "{ConnectionId} of a gateway that is gone could not be ended; it is tried again.")]
    private partial void LogNotEnded(Exception error, string connectionId);

    [LoggerMessage(1301, LogLevel.Information, "{Silo} ended {Count} connections of gateways that are gone; {Failed} are tried again.")]
    private partial void LogEnded(string silo, int count, int failed);

    [LoggerMessage(1302, LogLevel.Warning, "{Silo} cannot report to the migration monitor; it goes on trying.")]
    private partial void LogSilent(Exception error, string silo);

    [LoggerMessage(1303, LogLevel.Information, "{Silo} reports to the migration monitor again.")]
    private partial void LogAnswers(string silo);
}
