using System.Collections.Immutable;
using System.Security.Cryptography;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary>One run of a load: ramp, warm-up, measured time, and the wait for what is under way.</summary>
internal sealed class LoadRun : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly LoadSettings _settings;
    private readonly LoadContext _context;
    private readonly LoadMeter _meter;
    private readonly Action<string> _progress;
    private readonly ImmutableArray<ProcessMeter> _processes;
    private readonly ILoadSubject _subject;
    private readonly ILoadClient?[] _clients;
    private readonly List<LoadStep> _steps = [];
    private LoadChanges? _changes;
    private double _rampSeconds;

    private LoadRun(LoadContext context, ILoadSubject subject, Action<string> progress)
    {
        _subject = subject;
        _settings = context.Settings;
        _context = context;
        _meter = context.Meter;
        _progress = progress;
        _processes = [.. subject.Processes, new ProcessMeter("load", Environment.ProcessId)];
        _clients = new ILoadClient?[_settings.Connections];
    }

    private IEnumerable<ILoadClient> Clients => _clients.OfType<ILoadClient>();

    private long Delivered => Clients.Sum(client => client.Delivered);

    /// <summary>Runs a load.</summary>
    /// <param name="settings">What it consists of.</param>
    /// <param name="subject">What it is put on.</param>
    /// <param name="progress">Is told a line each few seconds.</param>
    /// <param name="cancellationToken">Ends it in order; the result is then marked as partial.</param>
    /// <exception cref="ToolException">A client cannot connect.</exception>
    public static async Task<LoadResult> RunAsync(
        LoadSettings settings, ILoadSubject subject, Action<string> progress, CancellationToken cancellationToken)
    {
        var (blackholed, stalled) = settings.Victims();
        var rooms = (settings.Connections + settings.Members - 1) / settings.Members;
        var context = new LoadContext(
            settings,
            new LoadMeter(TimeProvider.System),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(MessageText.MarkLength / 2)),
            [.. Enumerable.Range(0, rooms).Select(room => new RoomLedger(client => settings.RoomOf(client) == room && settings.Publishes(client)))],
            settings.Sockets is { } sockets ? new ClientSocketPool(sockets) : null,
            blackholed,
            stalled);
        progress($"{settings.Connections} clients connect; seed {settings.Seed}");
        await using var run = new LoadRun(context, subject, progress);
        return await run.RunAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await Task.WhenAll(Clients.Select(client => client.DisposeAsync().AsTask()));

    private async Task<LoadResult> RunAsync(CancellationToken cancellationToken)
    {
        var sampler = new LoadSampler(_meter, _processes, () => Delivered, _progress);
        using var sampling = new CancellationTokenSource();
        var sampled = sampler.RunAsync(sampling.Token);
        var window = new Window(0, 0, 0, [], 0);
        try
        {
            await RampAsync(cancellationToken);
            window = await MeasureAsync(sampler, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _progress("interrupted; this is what there is");
        }
        finally
        {
            await sampling.CancelAsync();
            await sampled;
        }

        return Report(window, sampler.Seconds, cancellationToken.IsCancellationRequested);
    }

    private async Task RampAsync(CancellationToken cancellationToken)
    {
        var done = 0;
        foreach (var step in _settings.Steps.IsEmpty ? [_settings.Connections] : _settings.Steps)
        {
            var seconds = await ConnectTimedAsync(done, step, cancellationToken);
            if (!_settings.Steps.IsEmpty)
            {
                _progress($"{step} connections; they stay for {_settings.StepTime.TotalSeconds:0} s");
                var (processes, _) = await WatchAsync(token => Task.Delay(_settings.StepTime, token), cancellationToken);
                _steps.Add(new LoadStep(step, Math.Round((step - done) / seconds, 1), Math.Round(seconds, 2), processes));
            }

            done = step;
        }
    }

    private async Task<double> ConnectTimedAsync(int from, int to, CancellationToken cancellationToken)
    {
        var begin = _meter.Now;
        try
        {
            await ConnectAsync(from, to, cancellationToken);
            return Seconds();
        }
        finally
        {
            // Those of a step that is interrupted have connected, too.
            _rampSeconds += Seconds();
        }

        double Seconds() => (_meter.Now - begin) / 1e6;
    }

    private async Task ConnectAsync(int from, int to, CancellationToken cancellationToken)
    {
        var pace = _settings.ConnectRate is { } rate ? new Pace(TimeProvider.System, TimeProvider.System.GetTimestamp(), rate) : null;
        await Parallel.ForAsync(
            from,
            to,
            new ParallelOptions { MaxDegreeOfParallelism = _settings.ConnectParallel, CancellationToken = cancellationToken },
            async (index, token) =>
            {
                if (pace is not null)
                {
                    await pace.UntilAsync(index - from, token);
                }

                _clients[index] = await _subject.StartClientAsync(index, _context, token);
            });
    }

    private async Task<Window> MeasureAsync(LoadSampler sampler, CancellationToken cancellationToken)
    {
        using var publishing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var published = Publish(publishing.Token);
        var window = new Window(0, 0, 0, [], 0);
        try
        {
            sampler.Phase = "warm-up";
            await Task.Delay(_settings.WarmUp, cancellationToken);
            sampler.Phase = "measure";
            _meter.Measure();
            var begin = _meter.Now;
            var (publishedBefore, deliveredBefore, allocated) = (_meter.Published, Delivered, GC.GetTotalAllocatedBytes());
            var (processes, _) = await WatchAsync(DisturbAsync, cancellationToken, isCut: true);
            _meter.Stop();
            var seconds = (_meter.Now - begin) / 1e6;
            window = new Window(
                seconds,
                (_meter.Published - publishedBefore) / seconds,
                (Delivered - deliveredBefore) / seconds,
                processes,
                (GC.GetTotalAllocatedBytes() - allocated) / seconds);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What there is, is told below.
        }

        // Where it was interrupted, the measured time ends here.
        _meter.Stop();
        sampler.Phase = "settle";
        await publishing.CancelAsync();
        await published;
        await SettleAsync();

        // What is on its way at the end is waited for, so that a gap ends when its client is back; later, nothing is due.
        foreach (var client in Clients)
        {
            client.EndGaps();
        }

        return window;
    }

    // Reads what processes cost while something goes on.
    private async Task<(ImmutableArray<ProcessReport> Processes, double Seconds)> WatchAsync(
        Func<CancellationToken, Task> work, CancellationToken cancellationToken, bool isCut = false)
    {
        var begin = _meter.Now;
        var before = _processes.Select(process => process.Read()).ToList();
        try
        {
            await work(cancellationToken);
        }
        catch (OperationCanceledException) when (isCut && cancellationToken.IsCancellationRequested)
        {
            // The time up to now counts.
        }

        var seconds = (_meter.Now - begin) / 1e6;
        var reports = _processes.Zip(before, (process, from) => (Meter: process, From: from, To: process.Read()))
            .Where(reading => reading is { From: not null, To: not null })
            .Select(reading => ProcessReport.Of(reading.Meter, reading.From!, reading.To!, seconds));
        return ([.. reports], seconds);
    }

    private Task Publish(CancellationToken cancellationToken)
    {
        var publishers = _settings.PublisherCount;
        return _settings.Rate is { } rate
            ? Run(() => LoadPublishing.OpenAsync(_meter, PublisherAt, publishers, rate, cancellationToken))
            : Task.WhenAll(Enumerable.Range(0, publishers).SelectMany(index => Enumerable.Repeat(index, _settings.InFlight))
                .Select(index => Run(() => LoadPublishing.ClosedAsync(_meter, PublisherAt(index), cancellationToken))));

        // What is under way when it is cancelled is waited for.
        static Task Run(Func<Task> publishing) => Task.Run(publishing, CancellationToken.None);
    }

    private ILoadClient PublisherAt(int index) => _clients[_settings.PublisherAt(index)]!;

    // All that happens in the measured time, and the time itself.
    private async Task DisturbAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _changes = new LoadChanges(_settings, Clients);
        var disturbances = new List<Task>
        {
            _changes.StormAsync(ending.Token),
            _changes.SteadyAsync(ending.Token),
            BlackholeAsync(ending.Token),
            StallAsync(ending.Token),
        };
        var time = Task.Delay(_settings.Duration, cancellationToken);
        try
        {
            // One that fails ends the run.
            await foreach (var ended in Task.WhenEach(disturbances.Append(time)))
            {
                await ended;
                if (ended == time)
                {
                    break;
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(disturbances).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task BlackholeAsync(CancellationToken cancellationToken)
    {
        if (_context.Blackholed.IsEmpty)
        {
            return;
        }

        var third = _settings.Duration / 3;
        await Task.Delay(third, cancellationToken);
        try
        {
            var until = _meter.Now + (third.Ticks / TimeSpan.TicksPerMicrosecond);
            foreach (var client in Clients)
            {
                client.WatchOthers(until);
            }

            _subject.Blackhole(true);
            await Task.Delay(third, cancellationToken);
        }
        finally
        {
            _subject.Blackhole(false);
        }
    }

    private async Task StallAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(_settings.Duration / 3, cancellationToken);
        var stalled = Clients.Where(client => _context.Stalled.Contains(client.Index)).ToList();
        try
        {
            stalled.ForEach(client => client.Stall(true));
            await Task.Delay(_settings.StallTime, cancellationToken);
        }
        finally
        {
            stalled.ForEach(client => client.Stall(false));
        }
    }

    // Until all is answered and has arrived, and all paths have changed; not longer than it goes on.
    private async Task SettleAsync()
    {
        var settling = new Settling(_meter.Time);
        var changes = _changes?.UnderWay ?? Task.CompletedTask;
        while (!changes.IsCompleted
            || _meter.Outstanding > 0
            || Clients.Any(client => client.IsChanging || client.Delivered < client.Expected))
        {
            if (!settling.GoesOn(Delivered - _meter.Outstanding + _meter.PathChanges + _meter.Migrations))
            {
                _progress(
                    $"{_meter.Outstanding} messages are not answered, {_meter.ChangesNotMade} path changes not made and "
                    + $"{_meter.Migrations} of {_meter.PathChanges} told as completed, or some messages have not arrived; "
                    + "that is not waited for any longer");
                return;
            }

            await Task.Delay(Poll);
        }

        await changes;
    }

    private LoadResult Report(Window window, IReadOnlyList<LoadSecond> seconds, bool isPartial)
    {
        var logs = _context.Ledgers.Select(ledger => ledger.Check()).ToList();
        var expected = Clients.Sum(client => client.Expected);
        var delivered = Delivered;
        return new LoadResult
        {
            Partial = isPartial,
            Load = LoadFacts.Of(_settings, Clients.Count()),
            Seconds = Math.Round(window.Seconds, 2),
            Published = _meter.Published,
            Acknowledged = _meter.Acknowledged,
            Unacknowledged = _meter.Published - _meter.Acknowledged,
            Refused = _meter.Refused,
            Unsent = _meter.Unsent,
            Expected = expected,
            Delivered = delivered,
            Lost = expected - delivered + NotStored(logs.Sum(log => log.Stored)),
            Duplicated = Clients.Sum(client => client.Duplicated) + logs.Sum(log => log.Duplicated),
            Reordered = Clients.Sum(client => client.Reordered) + logs.Sum(log => log.Reordered),
            Foreign = _meter.Foreign + _context.Ledgers.Sum(ledger => ledger.Foreign),
            PublishedPerSecond = Math.Round(window.PublishedPerSecond, 1),
            DeliveredPerSecond = Math.Round(window.DeliveredPerSecond, 1),
            DeliveryMs = _meter.Deliveries.Total(),
            AckMs = _meter.Acknowledgements.Total(),
            ConnectMs = _meter.Connects.Total(),
            ConnectedPerSecond = _rampSeconds > 0 ? Math.Round(_meter.Connected / _rampSeconds, 1) : 0,
            Reconnects = _meter.Reconnects,
            PathChanges = _meter.PathChanges,
            ChangesNotMade = _meter.ChangesNotMade,
            ChangesAt = _meter.ChangesAt(),
            Migrations = _meter.Migrations,
            GapMs = Gaps(gaps => gaps.Whole),
            BeyondMs = Gaps(gaps => gaps.Beyond),
            NotBack = new LoadNotBack(_meter.GapsOfPublishers.NotBack, _meter.GapsOfListeners.NotBack, _meter.GapsOfOthers.NotBack),
            Processes = window.Processes,
            ProcessesGone = [.. _processes.Where(process => process.IsGone).Select(process => process.Name)],
            AllocatedBytesPerSecond = Math.Round(window.AllocatedPerSecond),
            Steps = [.. _steps],
            ProcessNames = [.. _processes.Select(process => process.Name)],
            Series = [.. seconds],
        };

        LoadGaps Gaps(Func<GapTimes, Times> times)
            => new(times(_meter.GapsOfPublishers).Total(), times(_meter.GapsOfListeners).Total(), times(_meter.GapsOfOthers).Total());
    }

    // What was acknowledged without saying where it stands, and stands nowhere, no member expects. A subject without logs tells none.
    private long NotStored(long stored)
        => _context.Ledgers.Any(ledger => ledger.Highest > 0) ? Math.Max(0, _meter.Acknowledged - stored) : 0;

    private sealed record Window(
        double Seconds,
        double PublishedPerSecond,
        double DeliveredPerSecond,
        ImmutableArray<ProcessReport> Processes,
        double AllocatedPerSecond);
}
