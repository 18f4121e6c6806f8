using Xunit;

namespace QuicChat.Fuzz.Tests;

/// <summary>What must hold for any bytes holds for those of the corpus, and for some by chance.</summary>
public sealed class TargetTests
{
    public static TheoryData<string> Targets => [.. FuzzTargets.Names];

    [Theory, MemberData(nameof(Targets))]
    public async Task It_holds_for_the_corpus_and_for_inputs_by_chance(string target)
    {
        var seed = Environment.GetEnvironmentVariable("QUICCHAT_SEED") ?? $"{Random.Shared.Next()}";
        using var run = await FuzzRun.RunAsync("run", "--target", target, "--seconds", "2", "--seed", seed);

        Assert.True(run.ExitCode == 0, $"QUICCHAT_SEED={seed} repeats it.\n{run.Output}");
        Assert.Matches(@"[1-9]\d* executions, 0 edges, 0 findings\s*$", run.Output);
    }

    [Fact]
    public void Every_folder_of_the_corpus_is_a_targets()
        => Assert.All(new DirectoryInfo(new WorkOptions().Corpus).GetDirectories(), folder => Assert.Contains(folder.Name, FuzzTargets.Names));
}
