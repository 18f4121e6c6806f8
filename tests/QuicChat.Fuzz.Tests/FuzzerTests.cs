using System.Text;
using Xunit;

namespace QuicChat.Fuzz.Tests;

/// <summary>The fuzzer finds what there is to find.</summary>
public sealed class FuzzerTests
{
    [Fact]
    public async Task Coverage_leads_it_to_a_fault_that_chance_does_not_find()
    {
        // Four bytes in a row, of which each is a branch of its own; then one of two.
        using var run = await FuzzRun.RunAsync("run", "--target", "canary", "--seconds", "60", "--seed", "1", "--guided");

        Assert.Equal(1, run.ExitCode);
        var crash = Assert.Single(run.Crashes);
        Assert.Contains(crash.FullName, run.Output, StringComparison.Ordinal);
        Assert.Matches(@"\n[1-9]\d* executions, \d+ edges, 1 findings\n", run.Output);
        Assert.StartsWith("QUIC", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(crash.FullName)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QUIC!", "ended its process with 1:")]
    [InlineData("QUIC#", "ended its process with 134:")]
    public async Task An_input_that_throws_or_ends_the_process_is_kept(string input, string how)
    {
        var corpus = Directory.CreateTempSubdirectory("quicchat-fuzz-corpus-");
        try
        {
            Directory.CreateDirectory(Path.Combine(corpus.FullName, "canary"));
            await File.WriteAllTextAsync(Path.Combine(corpus.FullName, "canary", "known"), input);
            using var run = await FuzzRun.RunAsync("run", "--target", "canary", "--seconds", "0", "--corpus", corpus.FullName);

            Assert.Equal(1, run.ExitCode);
            Assert.Contains(how, run.Output, StringComparison.Ordinal);
            Assert.Equal(input, await File.ReadAllTextAsync(Assert.Single(run.Crashes).FullName));
        }
        finally
        {
            corpus.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_target_that_there_is_not_is_said_so()
    {
        using var run = await FuzzRun.RunAsync("run", "--target", "nothing");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("There is no target 'nothing'; there are: frames, ", run.Output, StringComparison.Ordinal);
    }
}
