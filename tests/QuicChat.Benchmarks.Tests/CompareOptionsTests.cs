using QuicChat.Cli;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Verbs;
using CompareVerb = QuicChat.Benchmarks.Compare.CompareVerb;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The command line of <c>bench compare</c>.</summary>
public sealed class CompareOptionsTests
{
    [Theory]
    [InlineData("--only W9", "--only: there is no workload 'W9'; there are W1, W2, W3, W4, W5, W6, migration, bulk, handshakes")]
    [InlineData("--only W1,,W2", "--only: there is no workload ''; there are W1, W2, W3, W4, W5, W6, migration, bulk, handshakes")]
    [InlineData("--pairs 0", "--pairs: '0' is not a whole number from 1 to 100")]
    [InlineData("--pairs 101", "--pairs: '101' is not a whole number from 1 to 100")]
    [InlineData("--pairs many", "--pairs: 'many' is not a whole number from 1 to 100")]
    [InlineData("--report ''", "--report: the name of the directory is empty")]
    public async Task What_cannot_be_is_refused_by_the_tool_before_anything_starts(string options, string error)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();

        var exitCode = await CommandTree.RunAsync(
            ["bench", "compare", .. options.Split(' ').Select(word => word.Trim('\''))], output, errors, TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Usage, exitCode);
        Assert.Equal($"quicchat: {error}. See 'quicchat bench compare --help'.", errors.ToString().TrimEnd());
    }

    [Theory]
    [InlineData("", CompareSettings.PairsToJudge, false)]
    [InlineData("--quick", 1, true)]
    [InlineData("--quick --pairs 3", 3, true)]
    public void Without_pairs_as_many_run_as_a_judgement_takes_or_one_for_a_look(string line, int pairs, bool isQuick)
    {
        var settings = Read(line);

        Assert.Equal((pairs, isQuick), (settings.Pairs, settings.IsQuick));
        Assert.All(CompareSettings.Keys, key => Assert.True(settings.Includes(key), key));
    }

    [Fact]
    public void Only_those_named_run_however_they_are_written()
        => Assert.Equal(["W1", "bulk"], CompareSettings.Keys.Where(Read("--only w1,BULK").Includes));

    private static CompareSettings Read(string line)
    {
        var options = new CompareOptions();
        var command = new System.CommandLine.Command("compare");
        foreach (var option in options.All)
        {
            command.Options.Add(option);
        }

        // The program that the tool starts takes the same.
        Assert.Empty(new CompareVerb().Parse(line).Errors);
        return options.Read(command.Parse(line));
    }
}
