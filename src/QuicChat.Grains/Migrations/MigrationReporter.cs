using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Hands a silo's sums to the monitor, and does on this silo what follows from the answer. So the monitor's work does not grow with the
/// number of connections.
/// </summary>
internal sealed partial class MigrationReporter(
    MigrationCollector collector,
    ActiveConnections connections,
    MigrationFeed feed,
    TallySettler settler,
    ConnectionSweeper sweeper,
    CurrentMigrationTimeout timeout,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IOptions<MigrationOptions> options,
    ILogger<MigrationReporter> logger) : ILifecycleParticipant<ISiloLifecycle>, IMigrationCollectorObserver
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private IMigrationCollectorObserver? _reference;
    private Task _reporting = Task.CompletedTask;
    private Task _working = Task.CompletedTask;
    private bool _isFailing;

    public void Participate(ISiloLifecycle lifecycle)
        => lifecycle.Subscribe(nameof(MigrationReporter), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public Task<ImmutableArray<MigratingConnection>> GetMigrating(int limit) => Task.FromResult(connections.GetMigrating(limit));

    public Task<ConnectionList> GetConnections(ConnectionFilter filter, int limit)
        => Task.FromResult(connections.Get(filter, limit, silo.Name));

    public Task Report() => ReportAsync();

    /// <summary>Reports now.</summary>
    /// <returns>The monitor's answer, or <see langword="null"/> where there was none.</returns>
    public async Task<CollectorReceipt?> ReportAsync()
    {
        await _one.WaitAsync();
        try
        {
            var (registered, migrating) = connections.Count;
            var report = collector.Report(silo.Name, silo.SiloAddress.ToParsableString(), registered, migrating);
            var receipt = await grains.GetGrain<IMigrationCheckpoint>(IMigrationMonitorGrain.Key).Push(report, _reference!);
            collector.Keep(receipt.DurableSequence);
            feed.Learn(receipt.Observers);
            timeout.Value = receipt.Gateways?.MigrationTimeout ?? timeout.Value;
            if (_isFailing)
            {
                _isFailing = false;
                LogAnswers(silo.Name);
            }

            return receipt;
        }
        catch (Exception error)
        {
            // Sums are cumulative: the next report makes up for this one.
            feed.Learn(null);
            if (!_isFailing)
            {
                _isFailing = true;
                LogSilent(error, silo.Name);
            }

            return null;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Does what follows from an answer.</summary>
    public async Task FollowAsync(CollectorReceipt receipt)
    {
        try
        {
            await settler.ReadLeftAsync();
            await settler.SettleAsync(receipt.DurableSequence);
            if (receipt.Gateways is { } gateways)
            {
                await sweeper.SweepAsync(gateways);
            }
        }
        catch (Exception error)
        {
            LogRoundFailed(error, silo.Name);
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
        if (!cancellationToken.IsCancellationRequested)
        {
            await ((Task)ReportAsync()).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

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
                if (await ReportAsync().WaitAsync(_stopping.Token) is { } receipt && _working.IsCompleted)
                {
                    // Apart, for it may take long after a silo's or a gateway's death, and reports go on.
                    _working = FollowAsync(receipt);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    [LoggerMessage(1302, LogLevel.Warning, "{Silo} cannot report to the migration monitor; it goes on trying.")]
    private partial void LogSilent(Exception error, string silo);

    [LoggerMessage(1303, LogLevel.Information, "{Silo} reports to the migration monitor again.")]
    private partial void LogAnswers(string silo);

    [LoggerMessage(1306, LogLevel.Error, "{Silo} could not settle or end connections; it goes on trying.")]
    private partial void LogRoundFailed(Exception error, string silo);
}
