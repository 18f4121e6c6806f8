using System.Collections.Immutable;
using System.Globalization;

namespace QuicChat.Cli.Load;

/// <summary>Writes down each second of a run, and tells of it each few seconds.</summary>
/// <param name="meter">What is counted.</param>
/// <param name="processes">Whose memory is read.</param>
/// <param name="delivered">Arrivals so far, over all clients.</param>
/// <param name="progress">Is told a line.</param>
internal sealed class LoadSampler(LoadMeter meter, ImmutableArray<ProcessMeter> processes, Func<long> delivered, Action<string> progress)
{
    private const int SecondsPerLine = 5;

    private readonly List<LoadSecond> _seconds = [];
    private string _phase = "ramp";

    /// <summary>What is going on, as the seconds have it.</summary>
    public string Phase
    {
        get => Volatile.Read(ref _phase);
        set => Volatile.Write(ref _phase, value);
    }

    /// <summary>The seconds so far; to be read when <see cref="RunAsync"/> has ended.</summary>
    public IReadOnlyList<LoadSecond> Seconds => _seconds;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var last = new Totals(meter.Now, 0, 0, 0, 0);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                last = Sample(last);
                if (_seconds.Count % SecondsPerLine == 0)
                {
                    progress(Describe(_seconds[^1]));
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Sample(last);
        }
    }

    private Totals Sample(Totals last)
    {
        var now = new Totals(meter.Now, meter.Published, delivered(), meter.PathChanges, meter.Reconnects);

        // What is left at the end is no whole second, and no rate.
        var seconds = Math.Max(1, (now.At - last.At) / 1e6);
        var deliveries = meter.Deliveries.TakeInterval();
        var any = deliveries.TotalCount > 0;
        _seconds.Add(new LoadSecond(
            Math.Round(now.At / 1e6, 2),
            Phase,
            meter.Connected,
            Math.Round((now.Published - last.Published) / seconds, 1),
            Math.Round((now.Delivered - last.Delivered) / seconds, 1),
            any ? Distribution.Milliseconds(deliveries.GetValueAtPercentile(50)) : null,
            any ? Distribution.Milliseconds(deliveries.GetValueAtPercentile(99)) : null,
            any ? Distribution.Milliseconds(deliveries.GetValueAtPercentile(100)) : null,
            now.PathChanges - last.PathChanges,
            now.Reconnects - last.Reconnects,
            [.. processes.Select(process => process.Read()?.RssBytes ?? 0)]));
        return now;
    }

    private string Describe(LoadSecond second)
    {
        var latency = second.P50Ms is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {second.P50Ms:0.#} ms (median), {second.P99Ms:0.#} ms (p99)");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{second.At:0} s, {second.Phase}: {second.Connections} connections, {second.Published:0}/s published, "
                + $"{second.Delivered:0}/s delivered{latency}, {meter.Reconnects} reconnects, {meter.PathChanges} path changes");
    }

    private readonly record struct Totals(long At, long Published, long Delivered, long PathChanges, long Reconnects);
}
