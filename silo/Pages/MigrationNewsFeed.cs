using System.Collections.Immutable;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Silo.Pages;

/// <summary>
/// What the page about migrations shows, asked of the monitor once for all viewers: every second while someone looks, else just often enough that
/// whoever comes finds the last minutes.
/// </summary>
internal sealed partial class MigrationNewsFeed(IGrainFactory grains, TimeProvider time, ILogger<MigrationNewsFeed> logger) : BackgroundService
{
    private const int FailuresShown = 20;
    private const int PointsKept = 600;

    private static readonly TimeSpan WatchedInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UnwatchedInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _viewerCame = new(0, 1);
    private ImmutableQueue<MigrationPoint> _points = [];
    private int _pointCount;
    private int _viewers;
    private bool _isFailing;
    private MigrationNews? _news;
    private TaskCompletionSource _next = NewSignal();

    /// <summary>The last minutes as one event <c>history</c>, then an event <c>news</c> a second.</summary>
    /// <param name="stop">Ends it.</param>
    public async IAsyncEnumerable<SseItem<object>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        Come();
        try
        {
            yield return new SseItem<object>(Points(), "history");
            while (!stop.IsCancellationRequested)
            {
                var (news, next) = Read();
                if (news is not null)
                {
                    yield return new SseItem<object>(news, "news");
                }

                await next.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Publish(await AskAsync());
            if (Volatile.Read(ref _viewers) > 0)
            {
                await Task.Delay(WatchedInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            else
            {
                await ((Task)_viewerCame.WaitAsync(UnwatchedInterval, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Come()
    {
        if (Interlocked.Increment(ref _viewers) == 1 && _viewerCame.CurrentCount == 0)
        {
            _viewerCame.Release();
        }
    }

    private async Task<MigrationNews> AskAsync()
    {
        try
        {
            var monitor = grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
            var asked = monitor.GetFailedMigrations(FailuresShown);
            var stats = await monitor.GetMigrationStats();
            var failures = await asked;
            _isFailing = false;
            return new MigrationNews(time.GetUtcNow(), stats, DurationBar.Of(stats.Histogram), failures, null);
        }
        catch (Exception error)
        {
            if (!_isFailing)
            {
                _isFailing = true;
                LogNoAnswer(error);
            }

            return new MigrationNews(time.GetUtcNow(), null, [], [], "The migration monitor does not answer; these are the last numbers known.");
        }
    }

    private void Publish(MigrationNews news)
    {
        TaskCompletionSource told;
        lock (_gate)
        {
            _news = news;
            if (news.Stats is { } stats)
            {
                _points = _points.Enqueue(new MigrationPoint(news.At, stats.Totals));
                if (++_pointCount > PointsKept)
                {
                    _points = _points.Dequeue();
                    _pointCount--;
                }
            }

            (told, _next) = (_next, NewSignal());
        }

        told.SetResult();
    }

    private MigrationPoint[] Points()
    {
        lock (_gate)
        {
            return [.. _points];
        }
    }

    private (MigrationNews? News, Task Next) Read()
    {
        lock (_gate)
        {
            return (_news, _next.Task);
        }
    }

    [LoggerMessage(2110, LogLevel.Warning, "The page about migrations cannot ask the monitor.")]
    private partial void LogNoAnswer(Exception error);
}
