using System.Text.Json;
using QuicChat.Benchmarks.Compare;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What becomes of a trial that ends in one way or another.</summary>
public sealed class TrialProcessTests : IDisposable
{
    private const string Lost = """{ "partial": false, "delivered": 9, "lost": 1, "duplicated": 0, "reordered": 0, "foreign": 0 }""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-trial-");

    [Fact]
    public async Task One_that_held_is_its_last_line()
    {
        var (result, faults) = await RunAsync("""{ "lost": 0 }""", 0);

        Assert.Equal(0, result.GetProperty("lost").GetInt32());
        Assert.Null(faults);
    }

    [Theory]
    [InlineData(Lost)]
    [InlineData("""{ "partial": false, "delivered": 9, "lost": 0, "duplicated": 2, "reordered": 0, "foreign": 0 }""")]
    [InlineData("""{ "partial": false, "delivered": 9, "lost": 0, "duplicated": 0, "reordered": 3, "foreign": 0 }""")]
    public async Task One_that_ran_to_its_end_and_lost_is_a_result(string line)
    {
        var (result, faults) = await RunAsync(line, 1);

        Assert.Equal(9, result.GetProperty("delivered").GetInt32());
        Assert.Equal("it did not hold: 1 lost", faults);
    }

    [Theory]
    [InlineData(Lost, 2)]
    [InlineData("""{ "partial": true, "delivered": 9, "lost": 1, "duplicated": 0, "reordered": 0, "foreign": 0 }""", 1)]
    [InlineData("""{ "partial": false, "delivered": 0, "lost": 1, "duplicated": 0, "reordered": 0, "foreign": 0 }""", 1)]
    [InlineData("""{ "partial": false, "delivered": 9, "lost": 1, "duplicated": 0, "reordered": 0, "foreign": 1 }""", 1)]
    [InlineData("""{ "partial": false, "delivered": 9, "lost": 0, "duplicated": 0, "reordered": 0, "foreign": 0 }""", 1)]
    [InlineData("""{ "lost": 1 }""", 1)]
    [InlineData("", 1)]
    public async Task Another_failure_ends_the_comparison(string line, int exitCode)
    {
        var error = await Assert.ThrowsAsync<ToolException>(() => RunAsync(line, exitCode));

        Assert.Contains($"ended with exit code {exitCode}: it did not hold: 1 lost. Its log is '", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(""), InlineData("[1]"), InlineData("{")]
    public async Task One_that_says_no_numbers_ends_it_too(string line)
    {
        var error = await Assert.ThrowsAsync<ToolException>(() => RunAsync(line, 0));

        Assert.Contains("ended without a JSON object on its last line", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<(JsonElement Result, string? Faults)> RunAsync(string line, int exitCode) => TrialProcess.RunAsync(
        ["/bin/sh", "-c", $"echo 'it did not hold: 1 lost.' >&2; echo first; echo '{line}'; exit {exitCode}"],
        Path.Combine(_folder.FullName, "trial.log"),
        TestContext.Current.CancellationToken);
}
