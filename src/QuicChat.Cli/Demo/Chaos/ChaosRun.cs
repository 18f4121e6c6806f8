using System.Diagnostics;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>One run against a stack whose parts die: talk, break, wait until all goes on, talk, and in the end compare.</summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    // Far beyond what anything is allowed to take: what has not recovered by then never will.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private const int HistoryPage = 100;

    private readonly ChaosSettings _settings;
    private readonly DataFolder _data;
    private readonly LocalStack _stack;
    private readonly ClusterConnection _cluster;
    private readonly Action<string> _progress;
    private readonly DeliveryAuditor _auditor = new();
    private readonly List<ChaosClient> _clients = [];

    private ChaosRun(ChaosSettings settings, DataFolder data, LocalStack stack, ClusterConnection cluster, Action<string> progress)
    {
        _settings = settings;
        _data = data;
        _stack = stack;
        _cluster = cluster;
        _progress = progress;
    }

    /// <summary>Connects all clients and lets them join their rooms.</summary>
    /// <exception cref="ToolException">One cannot.</exception>
    public static async Task<ChaosRun> PrepareAsync(
        ChaosSettings settings,
        DataFolder data,
        LocalStack stack,
        ClusterConnection cluster,
        Action<string> progress,
        CancellationToken cancellationToken)
    {
        var run = new ChaosRun(settings, data, stack, cluster, progress);
        var starts = Enumerable.Range(0, settings.Clients)
            .Select(number => ChaosClient.StartAsync(number, settings, data, stack.Running, run._auditor, cancellationToken))
            .ToList();
        try
        {
            run._clients.AddRange(await Task.WhenAll(starts));
            return run;
        }
        catch
        {
            run._clients.AddRange(starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result));
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="ToolException">Something has not recovered.</exception>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        using var talking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var talks = Task.WhenAll(_clients.Select(client => TalkAsync(client, talking.Token)));
        var watch = new RecoveryWatch(_clients, _settings.Seed, _progress);
        var monkey = new ChaosMonkey(_settings, _data, _stack, _clients, _cluster, watch, _progress);
        var recoveries = new List<ChaosReport.Recovery>();
        await Task.Delay(_settings.Traffic, cancellationToken);

        // The network is bad already, and stays so.
        foreach (var fault in _settings.Faults.Where(fault => fault is not ChaosFault.Network))
        {
            recoveries.AddRange(await monkey.StrikeAsync(fault, cancellationToken));
            await Task.Delay(_settings.Traffic, cancellationToken);
        }

        await talking.CancelAsync();
        _progress("waiting for what is under way, then comparing");
        await Task.WhenAll(await talks).WaitAsync(Patience, cancellationToken);
        await ReadLogsAsync(cancellationToken);
        var (audit, wrongViews) = await SettleAsync(watch, cancellationToken);
        return new ChaosReport(
            _settings.Clients,
            _settings.Rooms,
            _stack.StoreName,
            ChaosReport.BadNetwork.Of(_settings.Network),
            [.. recoveries],
            audit.Published,
            audit.Expected,
            audit.Delivered,
            audit.Lost,
            audit.Duplicated,
            audit.Reordered,
            audit.Unacknowledged,
            audit.Foreign,
            _clients.Sum(client => client.Gaps),
            wrongViews,
            _clients.Sum(client => client.Reconnects),
            _settings.Seed);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await Task.WhenAll(_clients.Select(client => client.DisposeAsync().AsTask()));

    // Answers what is still unanswered when it is told to stop.
    private static async Task<Task> TalkAsync(ChaosClient client, CancellationToken cancellationToken)
    {
        var publishes = new List<Task>();
        using var timer = new PeriodicTimer(ChaosSettings.Interval);
        for (var number = 1; !cancellationToken.IsCancellationRequested; number++)
        {
            publishes.RemoveAll(publish => publish.IsCompletedSuccessfully);
            publishes.Add(client.PublishAsync($"{client.Name} {number}"));
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // Told to stop.
            }
        }

        return Task.WhenAll(publishes);
    }

    // The log counts as one more member of each room.
    private async Task ReadLogsAsync(CancellationToken cancellationToken)
    {
        foreach (var room in _clients.Select(client => client.Room).DistinctBy(room => room.Name))
        {
            const string Reader = "the log";
            _auditor.Joined(room.Name, Reader);
            for (long next = 1; ;)
            {
                var page = await room.ReadHistoryAsync(next, HistoryPage, cancellationToken);
                foreach (var message in page.Messages)
                {
                    _auditor.Received(room.Name, Reader, message.Body, message.Offset);
                }

                if (page.Messages.Count == 0 || page.Messages[^1].Offset == page.LastOffset)
                {
                    break;
                }

                next = page.Messages[^1].Offset + 1;
            }
        }
    }

    private async Task<(DeliveryAudit Audit, int WrongViews)> SettleAsync(RecoveryWatch views, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var audit = _auditor.Audit();
            var wrongViews = views.WrongViews([]).Count;
            if ((audit.Held && wrongViews == 0) || watch.Elapsed > Patience / 3)
            {
                return (audit, wrongViews);
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }
}
