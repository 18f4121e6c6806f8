using System.Diagnostics;
using System.Globalization;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuicChat.Cli.Demo;

/// <summary>One run of the demo against a stack: talk, move, wait for what is under way, compare.</summary>
internal sealed class DemoRun : IAsyncDisposable
{
    // Longer than a path takes to recover, shorter than anyone would wait in vain.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    private readonly DemoSettings _settings;
    private readonly ClusterConnection _cluster;
    private readonly Action<string> _progress;
    private readonly DeliveryAuditor _auditor = new();
    private readonly List<DemoClient> _clients = [];
    private long _start;
    private long _published;
    private long _rebinds;

    private DemoRun(DemoSettings settings, ClusterConnection cluster, Action<string> progress)
    {
        _settings = settings;
        _cluster = cluster;
        _progress = progress;
    }

    private TimeSpan Now => Stopwatch.GetElapsedTime(_start);

    /// <summary>Connects all clients and lets them join their rooms.</summary>
    /// <exception cref="ToolException">One cannot.</exception>
    public static async Task<DemoRun> PrepareAsync(
        DemoSettings settings,
        DataFolder data,
        RunningStack stack,
        ClusterConnection cluster,
        Action<string> progress,
        CancellationToken cancellationToken)
    {
        var run = new DemoRun(settings, cluster, progress);
        var starts = Enumerable.Range(0, settings.Clients)
            .Select(number => DemoClient.StartAsync(number, settings, data, stack, run._auditor, () => run.Now, cancellationToken))
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
    public async Task<DemoReport> RunAsync(CancellationToken cancellationToken)
    {
        _start = Stopwatch.GetTimestamp();
        using var telling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var teller = TellAsync(telling.Token);
        var acknowledged = await Task.WhenAll(_clients.Index()
            .Where(entry => entry.Item.IsTalker)
            .Select(entry => TalkAsync(entry.Item, _settings.FirstMessage(entry.Index), cancellationToken))
            .Append(MoveAsync(cancellationToken)));
        var end = Now;
        await telling.CancelAsync();
        await teller;

        _progress("all is published; waiting for what is under way");
        await SettleAsync(Task.WhenAll(acknowledged.SelectMany(tasks => tasks)), cancellationToken);
        var stats = await ReadStatsAsync(cancellationToken);
        foreach (var client in _clients.Where(client => client.End is not null))
        {
            _progress($"{client.Name}: {client.End!.Message}");
        }

        return DemoReport.Of(
            _settings,
            _auditor.Audit(),
            _rebinds,
            _clients.Count(client => client.End is not null),
            stats,
            new DemoReport.GapReport(Gaps(isTalker: true, end), Gaps(isTalker: false, end)));
    }

    /// <summary>All clients as they are now.</summary>
    public IRenderable Draw()
    {
        var now = Now < _settings.Duration ? Now : _settings.Duration;
        var table = new Table().Border(TableBorder.Simple);
        table.Title($"{now.TotalSeconds:0} of {_settings.Duration.TotalSeconds:0} s, {_published} messages, {_rebinds} path changes");
        table.AddColumns("client", "room", "path", "state");
        foreach (var heading in (string[])["migrations", "lost", "last gap"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var client in _clients)
        {
            var state = client.End is not null ? "[red]ended[/]" : client.IsMoving ? "[yellow]migrating[/]" : "[green]stable[/]";
            var lost = _auditor.HolesAt(client.Room, client.Name);
            var gap = client.Gaps.LastGap(now);
            table.AddRow(
                client.Name,
                client.Room,
                client.Path.ToString(),
                state,
                client.Migrations.ToString(CultureInfo.InvariantCulture),
                lost == 0 ? "0" : $"[red]{lost}[/]",
                gap is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{gap.Value.TotalMilliseconds:0} ms"));
        }

        return table;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await Task.WhenAll(_clients.Select(client => client.DisposeAsync().AsTask()));

    // Answers the acknowledgements under way, which nobody waits for while there is more to publish: 10 a second means 10 a second.
    private async Task<IReadOnlyList<Task>> TalkAsync(DemoClient client, TimeSpan first, CancellationToken cancellationToken)
    {
        var publishes = new List<Task>();
        for (var due = first; due < _settings.Duration; due += DemoSettings.Interval)
        {
            await UntilAsync(due, cancellationToken);
            publishes.Add(client.PublishAsync($"{client.Name} {publishes.Count + 1}"));
            Interlocked.Increment(ref _published);
        }

        return publishes;
    }

    private async Task<IReadOnlyList<Task>> MoveAsync(CancellationToken cancellationToken)
    {
        var moves = new List<Task>();
        foreach (var change in RebindingPlan.Create(_settings.Clients, _settings.Rebinds, _settings.Duration, _settings.Seed, _settings.Changes))
        {
            await UntilAsync(change.At, cancellationToken);
            moves.Add(_clients[change.Client].MoveAsync(change.NewAddress));
            Interlocked.Increment(ref _rebinds);
            await Task.WhenAll(moves.Where(move => move.IsFaulted));
        }

        await UntilAsync(_settings.Duration, cancellationToken);
        await Task.WhenAll(moves);
        return [];
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ProgressInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var migrations = _clients.Sum(client => client.Migrations);
                var ended = _clients.Count(client => client.End is not null);
                _progress($"{Now.TotalSeconds:0} s: {_published} messages, {_rebinds} path changes, {migrations} migrations, {ended} connections ended");
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Publishing is over.
        }
    }

    private async Task SettleAsync(Task acknowledged, CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAny(acknowledged, Task.Delay(Patience, cancellationToken));
        while (_auditor.Audit() is { Lost: > 0 } && Stopwatch.GetElapsedTime(begin) < Patience)
        {
            await Task.Delay(Poll, cancellationToken);
        }
    }

    // The monitor sums up once a second; what it says is final when no attempt is in flight and every path change is counted.
    private async Task<MigrationStats> ReadStatsAsync(CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var stats = await _cluster.AskAsync(
                grains => grains.Monitor().GetMigrationStats(), cancellationToken);
            if ((stats.Totals.InFlight == 0 && stats.Totals.Completed >= _rebinds) || Stopwatch.GetElapsedTime(begin) > Patience)
            {
                return stats;
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private Spread Gaps(bool isTalker, TimeSpan end)
        => Spread.Of(_clients.Where(client => client.IsTalker == isTalker).SelectMany(client => client.Gaps.Gaps(end)));

    private async Task UntilAsync(TimeSpan due, CancellationToken cancellationToken)
    {
        if (due - Now is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, cancellationToken);
        }
    }
}
