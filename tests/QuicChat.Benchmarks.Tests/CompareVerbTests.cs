using QuicChat.Benchmarks.Compare;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What the comparison says in the end, and what it would run.</summary>
public sealed class CompareVerbTests
{
    private static readonly WorkloadResult Kept = Result("W1", Budget.AtLeast(1), isLook: false);
    private static readonly WorkloadResult Missed = Result("W2", Budget.AtLeast(9), isLook: false);
    private static readonly WorkloadResult Looked = Result("W3", Budget.AtLeast(9), isLook: true);

    [Fact]
    public void A_budget_that_was_judged_and_is_not_met_fails()
    {
        var (exitCode, error) = Judge(Kept, Missed, Looked);

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Equal("quicchat: not met: W2 rate.", error.TrimEnd());
        Assert.False(Missed.Met);
    }

    [Fact]
    public void What_was_only_looked_at_does_not_fail()
    {
        var (exitCode, error) = Judge(Kept, Looked, new WorkloadResult("W4", "nothing", []));

        Assert.Equal(ExitCode.Held, exitCode);
        Assert.Empty(error);
        Assert.True(Kept.Met);
        Assert.Null(Looked.Met);
    }

    [Fact]
    public async Task The_list_has_a_command_line_for_each_trial_and_runs_none()
    {
        await using var output = new StringWriter();

        var exitCode = await new CompareVerb().Parse("--list --only W1,w6").InvokeAsync(
            new System.CommandLine.InvocationConfiguration { Output = output }, TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Held, exitCode);
        Assert.Collection(
            output.ToString().TrimEnd().Split(Environment.NewLine),
            line => Assert.StartsWith("W1: 50 rooms", line, StringComparison.Ordinal),
            line => Assert.StartsWith("  quicchat max: ./quicchat load --redis-server --rooms 50 ", line, StringComparison.Ordinal),
            line => Assert.EndsWith("--rate HALF-OF-WHAT-MAX-PUBLISHED --json", line, StringComparison.Ordinal),
            line => Assert.Matches(@"^  signalr max: .*QuicChat\.Benchmarks\.SignalR\.dll load --rooms 50 .* --settings fair --json$", line),
            line => Assert.StartsWith("  signalr half: ", line, StringComparison.Ordinal),
            line => Assert.EndsWith(" --settings default --json", line, StringComparison.Ordinal),
            line => Assert.StartsWith("W6: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("  quicchat one: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("  signalr one: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("  signalr defaults: ", line, StringComparison.Ordinal));
    }

    private static (int ExitCode, string Error) Judge(params WorkloadResult[] results)
    {
        using var error = new StringWriter();
        var context = new VerbContext(new DataFolder(DataFolder.DefaultPath), Json: true, TextWriter.Null, error);
        return (CompareVerb.Judge(results, context), error.ToString());
    }

    private static WorkloadResult Result(string key, Budget budget, bool isLook)
        => new(key, key, [new Measurement("rate", "1/s", [5, 5, 5, 5, 5], [], budget) { IsLook = isLook }]);
}
