using System.Text.Json;
using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>What users have of each failure: an auditor compares what was acknowledged with what stands at every member and in the log.</summary>
[Collection(WholeMachine.Name)]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(7);
    private static readonly string[] All = ["paths", "network", "gateway", "silo", "store"];

    public static TheoryData<string, string[]> EveryFaultOnEachStore()
    {
        var data = new TheoryData<string, string[]>();
        foreach (var fault in All)
        {
            data.Add(fault, []);
            data.Add(fault, ["--redis-server"]);
        }

        return data;
    }

    // Each fault once, in turn on the built-in store and on Redis. A bad network is one throughout, so also while gateways die.
    [Theory]
    [InlineData("paths,silo,store")]
    [InlineData("network,gateway", "--redis-server")]
    public Task Nothing_acknowledged_is_lost_doubled_or_reordered(string faults, params string[] options) => HoldsAsync(faults, 10, options);

    [Theory(Explicit = true)]
    [MemberData(nameof(EveryFaultOnEachStore))]
    public Task Nor_in_a_minute_after_each_fault_on_each_store(string fault, string[] options) => HoldsAsync(fault, 60, options);

    [Theory(Explicit = true)]
    [InlineData]
    [InlineData("--redis-server")]
    public Task Nor_where_all_of_it_is_broken_on_a_bad_network(params string[] options) => HoldsAsync(string.Join(',', All), 10, options);

    private async Task HoldsAsync(string faults, int seconds, string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("quicchat-chaos-");
        try
        {
            var run = await Tool.RunAsync(Limit, ["demo", "--chaos", faults, "--seconds", $"{seconds}", "--json", "--data", folder.FullName, .. options]);

            Assert.True(run.ExitCode == 0, run.ToString());
            output.WriteLine(run.Json.GetRawText());
            foreach (var wrong in (string[])["lost", "duplicated", "reordered", "unacknowledged", "foreign", "gaps", "wrongViews"])
            {
                Assert.Equal(0, run.Json.GetProperty(wrong).GetInt64());
            }

            Assert.Empty(run.Json.GetProperty("failures").EnumerateArray());
            Assert.True(Number("delivered") > 0 && Number("delivered") == Number("expected"), run.Json.GetRawText());
            string[] broken = faults.Split(',');
            var network = run.Json.GetProperty("network");
            Assert.Equal(broken.Contains("network"), network.ValueKind is JsonValueKind.Object);
            Assert.True(network.ValueKind is JsonValueKind.Null || network.GetProperty("lossPercent").GetDouble() == 5, network.GetRawText());
            var recoveries = run.Json.GetProperty("faults").EnumerateArray().ToList();
            Assert.Equal(broken.Sum(Strikes), recoveries.Count);
            var deaths = recoveries.Where(recovery => Says(recovery, "death of"));
            Assert.All(deaths, recovery => Assert.InRange(Seconds(recovery, "downSeconds"), 5, 60));
            var gateways = recoveries.Where(recovery => Says(recovery, "death of gw-")).ToList();
            Assert.Equal(broken.Contains("gateway") ? 2 : 0, gateways.Count);
            Assert.All(gateways, recovery =>
            {
                Assert.InRange(Seconds(recovery, "backSeconds"), 0, 15);
                Assert.InRange(Seconds(recovery, "presenceSeconds"), 0, 15);
            });

            long Number(string name) => run.Json.GetProperty(name).GetInt64();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Strikes(string fault) => fault switch
    {
        "network" => 0,
        "store" => 3,
        _ => 2,
    };

    private static bool Says(JsonElement recovery, string words)
        => recovery.GetProperty("what").GetString()!.Contains(words, StringComparison.Ordinal);

    private static double Seconds(JsonElement recovery, string name) => recovery.GetProperty(name).GetDouble();
}
