using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using Spectre.Console;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary><c>demo --chaos</c>: a stack whose parts are killed, and what its users saw of it.</summary>
internal static class ChaosDemo
{
    // Long enough that nobody can mistake a restart for an answer.
    private static readonly TimeSpan Downtime = TimeSpan.FromSeconds(5);

    /// <summary>Runs it.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="ToolException">The stack does not start, or a client cannot join.</exception>
    public static async Task<int> RunAsync(
        ChaosSettings settings, StackPlan plan, DataFolder data, VerbContext context, CancellationToken cancellationToken)
    {
        await using var stack = await LocalStack.StartAsync(plan, data, context.Progress, cancellationToken);
        using var supervising = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var supervisor = stack.SuperviseAsync(new RestartDelays(Downtime, Downtime), context.Progress, _ => { }, supervising.Token);
        ChaosReport report;
        try
        {
            await using var cluster = await ClusterConnection.OpenAsync(stack.Running, cancellationToken);
            if (ChaosReport.BadNetwork.Of(settings.Network) is { } network)
            {
                context.Progress($"from beginning to end {network.Describe()}");
            }

            context.Progress($"{settings.Clients} clients connect; seed {settings.Seed}");
            await using var run = await ChaosRun.PrepareAsync(settings, data, stack, cluster, context.Progress, cancellationToken);
            report = await run.RunAsync(cancellationToken);
        }
        finally
        {
            await supervising.CancelAsync();
            try
            {
                await supervisor;
            }
            catch (OperationCanceledException) when (supervising.IsCancellationRequested)
            {
                // It was told to.
            }
        }

        return Tell(report, context);
    }

    private static int Tell(ChaosReport report, VerbContext context)
    {
        var violations = report.Violations();
        if (context.Json)
        {
            context.WriteJson(report);
        }
        else
        {
            var grid = new Grid().AddColumn().AddColumn();
            if (report.Network is { } network)
            {
                grid.AddRow("network, throughout", network.Describe());
            }

            foreach (var fault in report.Faults)
            {
                grid.AddRow(fault.What, fault.Describe());
            }

            grid.AddRow("messages", $"{report.Published} published, {report.Delivered} of {report.Expected} delivered or in the log");
            grid.AddRow("wrong", $"{report.Lost} lost, {report.Duplicated} duplicated, {report.Reordered} reordered");
            grid.AddRow("reconnects", $"{report.Reconnects}");
            context.OutputConsole().Write(grid);
        }

        if (violations.Count > 0)
        {
            context.Error.WriteLine($"quicchat: it did not hold: {string.Join(", ", violations)}; seed {report.Seed}.");
            return ExitCode.Failed;
        }

        context.Progress("it held: every acknowledged message once and in order at every member and in the log");
        return ExitCode.Held;
    }
}
