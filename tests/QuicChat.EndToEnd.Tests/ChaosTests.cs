using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What users have of each failure: an auditor compares what was acknowledged with what stands at every member and in the log.</summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(7);

    public static TheoryData<string, string[]> EveryFaultOnEachStore()
    {
        var data = new TheoryData<string, string[]>();
        foreach (var fault in (string[])["paths", "network", "gateway", "silo", "store"])
        {
            data.Add(fault, []);
            data.Add(fault, ["--redis-server"]);
        }

        return data;
    }

    // Each fault once, in turn on the built-in store and on Redis.
    [Theory]
    [InlineData("paths,silo,store")]
    [InlineData("network,gateway", "--redis-server")]
    public Task Nothing_acknowledged_is_lost_doubled_or_reordered(string faults, params string[] options) => HoldsAsync(faults, 10, options);

    [Theory(Explicit = true)]
    [MemberData(nameof(EveryFaultOnEachStore))]
    public Task Nor_in_a_minute_after_each_fault_on_each_store(string fault, string[] options) => HoldsAsync(fault, 60, options);

    private async Task HoldsAsync(string faults, int seconds, string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("quicchat-chaos-");
        try
        {
            var run = await Tool.RunAsync(Limit, ["demo", "--chaos", faults, "--seconds", $"{seconds}", "--json", "--data", folder.FullName, .. options]);

            Assert.True(run.ExitCode == 0, run.ToString());
            output.WriteLine(run.Json.GetRawText());
            foreach (var wrong in (string[])["lost", "duplicated", "reordered", "unacknowledged", "foreign", "gaps"])
            {
                Assert.Equal(0, run.Json.GetProperty(wrong).GetInt64());
            }

            Assert.True(Number("delivered") > 0 && Number("delivered") == Number("expected"), run.Json.GetRawText());
            Assert.True(run.Json.GetProperty("faults").GetArrayLength() >= faults.Split(',').Length, run.Json.GetRawText());

            long Number(string name) => run.Json.GetProperty(name).GetInt64();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
