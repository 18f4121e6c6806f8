using System.CommandLine;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Report;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Compare;

/// <summary><c>compare</c>: what the tool's <c>bench compare</c> runs.</summary>
internal sealed class CompareVerb : Verb
{
    /// <summary>The report's page.</summary>
    public static readonly ReportPage Page = new("compare", "Comparison", typeof(CompareVerb).Assembly);

    private const string Interrupted = "interrupted; this is what there is.";

    private readonly CompareOptions _compare = new();
    private readonly Option<bool> _exitWithParent = new(BenchmarksProgram.ExitWithParent)
    {
        Description = "End when standard input reaches its end.",
    };

    /// <summary>Defines the verb.</summary>
    public CompareVerb()
        : base("compare", "Runs this system and its peers in turns.")
        => AddOptions([.. _compare.All, _exitWithParent]);

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var settings = _compare.Read(parsed);
        if (settings.IsList)
        {
            List(settings, context);
            return ExitCode.Held;
        }

        CompareNeeds.Check(settings);
        if (settings.Report is { } directory)
        {
            ReportPage.Prepare(directory);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parsed.GetValue(_exitWithParent))
        {
            _ = StopWithInputAsync(stop);
        }

        var logs = Directory.CreateTempSubdirectory("quicchat-compare-");
        var run = new CompareRun(settings, logs.FullName, context.Progress);
        var failure = await RunAsync(run, stop.Token);
        if ((failure is null or Interrupted) && !run.HasFaults)
        {
            logs.Delete(recursive: true);
        }

        Tell(CompareReport.Of(Command(parsed), settings, isPartial: failure is not null, run.Results), settings, run.Results, context);
        if (failure is not null)
        {
            context.Error.WriteLine($"quicchat: {failure}");
            return ExitCode.Failed;
        }

        return Judge(run.Results, context);
    }

    /// <summary>Says which budgets are not met.</summary>
    /// <returns>An exit code: whether all that were judged are met.</returns>
    public static int Judge(IEnumerable<WorkloadResult> results, VerbContext context)
    {
        var unmet = results.SelectMany(result => result.Unmet).ToList();
        if (unmet.Count == 0)
        {
            return ExitCode.Held;
        }

        context.Error.WriteLine($"quicchat: not met: {string.Join("; ", unmet)}.");
        return ExitCode.Failed;
    }

    private static void List(CompareSettings settings, VerbContext context)
    {
        foreach (var workload in Workloads.Create(settings.IsQuick).Where(workload => settings.Includes(workload.Key)))
        {
            context.Output.WriteLine($"{workload.Key}: {workload.Title}");
            foreach (var trial in workload.Ours.Concat(workload.Peer))
            {
                context.Output.WriteLine($"  {trial.Program.Name} {trial.Name}: {trial.Program.Text(trial.OptionsText)}");
            }
        }
    }

    // Whatever it was that went wrong, what was found until then is told first.
    private static async Task<string?> RunAsync(CompareRun run, CancellationToken cancellationToken)
    {
        try
        {
            await run.RunAsync(cancellationToken);
            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception e)
        {
            return e is ToolException or BenchmarkException ? e.Message : e.ToString();
        }
    }

    private static void Tell(CompareReport report, CompareSettings settings, IEnumerable<WorkloadResult> results, VerbContext context)
    {
        if (context.Json)
        {
            context.WriteJson(report);
        }
        else
        {
            context.OutputConsole().Write(MeasurementText.Draw(results.Select(result => (result.Key, result.Measurements))));
        }

        if (settings.Report is { } directory)
        {
            context.Progress($"the report is '{Page.Write(directory, report)}'");
        }
    }

    private static string Command(ParseResult parsed)
        => ReportOption.Command(
            ["bench", .. parsed.Tokens.Select(token => token.Value).Where(word => word != BenchmarksProgram.ExitWithParent)]);

    private static async Task StopWithInputAsync(CancellationTokenSource stop)
    {
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(Stream.Null, stop.Token);
        await stop.CancelAsync();
    }
}
