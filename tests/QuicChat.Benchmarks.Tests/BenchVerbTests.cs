using QuicChat.EndToEnd.Tests.Support;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The benchmarks that take options of their own, through the tool.</summary>
public sealed class BenchVerbTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("micro -- --list flat", "RoomAppendBenchmarks")]
    [InlineData("engine -- --help", "--megabytes")]
    public async Task Options_behind_the_dashes_are_handed_on(string arguments, string expected)
    {
        var result = await Tool.RunAsync(Limit, ["bench", .. arguments.Split(' ')]);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains(expected, result.Output, StringComparison.Ordinal);
    }
}
