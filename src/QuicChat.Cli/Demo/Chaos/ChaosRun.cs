using System.Diagnostics;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>One run against a stack whose parts die: talk, break, wait until all goes on, talk, and in the end compare.</summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    // The log counts as one more member of each room.
    private const string Log = "the log";
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(1);

    private readonly ChaosSettings _settings;
    private readonly DataFolder _data;
    private readonly LocalStack _stack;
    private readonly ClusterConnection _cluster;
    private readonly Action<string> _progress;
    private readonly DeliveryAuditor _auditor = new();
    private readonly List<ChaosClient> _clients = [];
    private readonly List<string> _failures = [];

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

    /// <summary>Runs to the end; what has not recovered is told by the report.</summary>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        using var talking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var talks = Task.WhenAll(_clients.Select(client => TalkAsync(client, talking.Token)));
        var logs = _clients.Select(client => client.Room).DistinctBy(room => room.Name)
            .ToDictionary(room => room.Name, room => new LogReader(room.ReadHistoryAsync));
        var following = Task.WhenAll(logs.Values.Select(log => log.FollowAsync(LogInterval, talking.Token)));
        var watch = new RecoveryWatch(_clients, _settings.Seed, _progress);
        List<ChaosReport.Recovery> recoveries = [];
        IReadOnlyList<Task> publishes;
        try
        {
            await BreakAsync(watch, recoveries, cancellationToken);
        }
        finally
        {
            await talking.CancelAsync();
            publishes = await talks;
            await following;
        }

        _progress("waiting for what is under way, then comparing");

        try
        {
            await Task.WhenAll(publishes).WaitAsync(ChaosSettings.Patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The auditor counts those that are not acknowledged.
        }

        foreach (var (room, log) in logs)
        {
            await CompareAsync(room, log, cancellationToken);
        }

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
            [.. _failures],
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

    private async Task BreakAsync(RecoveryWatch watch, List<ChaosReport.Recovery> recoveries, CancellationToken cancellationToken)
    {
        var monkey = new ChaosMonkey(_settings, _data, _stack, _clients, _cluster, watch, _progress);
        await Task.Delay(_settings.Traffic, cancellationToken);
        try
        {
            // The network is bad already, and stays so.
            foreach (var fault in _settings.Faults.Where(fault => fault is not ChaosFault.Network))
            {
                await foreach (var recovery in monkey.StrikeAsync(fault, cancellationToken))
                {
                    recoveries.Add(recovery);
                }

                await Task.Delay(_settings.Traffic, cancellationToken);
            }
        }
        catch (ToolException e)
        {
            // What would be broken next would not meet a whole stack.
            Fail(e.Message);
        }
    }

    private async Task CompareAsync(string room, LogReader log, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ChaosSettings.Patience);
        try
        {
            await log.FinishAsync(limit.Token);
        }
        catch (Exception e) when (e is ChatException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Fail($"the log of {room} could not be read within {ChaosSettings.Patience.TotalSeconds:0} s: {e.Message}");
            return;
        }

        if (log.Missed > 0)
        {
            Fail(
                $"the log of {room} cut {log.Missed} messages off before they were read, so it was not compared; "
                + "give fewer --clients or more --rooms");
            return;
        }

        _auditor.Joined(room, Log);
        foreach (var (offset, text) in log.Messages)
        {
            _auditor.Received(room, Log, text, offset);
        }
    }

    private void Fail(string failure)
    {
        _progress(failure);
        _failures.Add(failure.TrimEnd('.'));
    }

    private async Task<(DeliveryAudit Audit, int WrongViews)> SettleAsync(RecoveryWatch views, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var audit = _auditor.Audit();
            var wrongViews = views.WrongViews([]).Count;
            if ((audit.Held && wrongViews == 0) || watch.Elapsed > ChaosSettings.Patience / 3)
            {
                return (audit, wrongViews);
            }

            await Task.Delay(ChaosSettings.Poll, cancellationToken);
        }
    }
}
