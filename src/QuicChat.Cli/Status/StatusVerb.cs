using System.CommandLine;
using System.Diagnostics;
using QuicChat.Cli.Verbs;
using Spectre.Console;

namespace QuicChat.Cli.Status;

/// <summary><c>status</c>: says whether the stack of this machine serves.</summary>
internal sealed class StatusVerb : Verb
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    private readonly Option<int> _wait = Choice.Number(
        "--wait", 0, 0, 86_400, "For how many seconds to wait until all of it serves, also where nothing has been started yet.");

    /// <summary>Defines the verb.</summary>
    public StatusVerb()
        : base(
            "status",
            "Says whether the stack of this machine serves: its processes, its silos' health, and a handshake with each gateway.",
            "./quicchat status",
            "./quicchat status --wait 120 --json")
        => AddOptions(_wait);

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var report = await WaitAsync(TimeSpan.FromSeconds(parsed.GetValue(_wait)), context, cancellationToken);
        if (report.Error is { } error)
        {
            context.Error.WriteLine($"quicchat: {error}");
        }

        if (context.Json)
        {
            context.WriteJson(report);
        }
        else if (report.Parts.Count > 0)
        {
            context.OutputConsole().Write(Draw(report));
        }

        return report.Ready ? ExitCode.Held : ExitCode.Failed;
    }

    private static async Task<StatusReport> WaitAsync(TimeSpan patience, VerbContext context, CancellationToken cancellationToken)
    {
        using var probe = new StackProbe(context.Data);
        var begin = Stopwatch.GetTimestamp();
        string? told = null;
        while (true)
        {
            var report = await probe.LookAsync(cancellationToken);
            if (report.Ready || Stopwatch.GetElapsedTime(begin) >= patience)
            {
                return report;
            }

            if (report.Error != told)
            {
                told = report.Error;
                context.Progress($"waiting: {told}");
            }

            await Task.Delay(Interval, cancellationToken);
        }
    }

    private static Table Draw(StatusReport report)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("part", "process", "address", "state");
        foreach (var part in report.Parts)
        {
            table.AddRow(part.Name, $"{part.Pid}", Markup.Escape(part.Address), Markup.Escape(part.Error ?? "serves"));
        }

        return table;
    }
}
