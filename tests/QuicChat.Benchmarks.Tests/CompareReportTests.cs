using System.Text.Json;
using QuicChat.Benchmarks.Compare;
using QuicChat.Cli.Bench;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The JSON object, which other programs read.</summary>
public sealed class CompareReportTests
{
    [Fact]
    public void Each_workload_has_ours_the_peers_ratio_spread_budget_and_whether_it_is_met()
    {
        var json = Json(SampleComparison.Of(pairs: 5));

        var workloads = json.GetProperty("workloads");
        Assert.Equal(CompareSettings.Keys, workloads.EnumerateObject().Select(workload => workload.Name));
        Assert.All(workloads.EnumerateObject().Where(workload => workload.Name is not ("handshakes" or "migration")), workload =>
        {
            var value = workload.Value;
            Assert.True(value.GetProperty("ours").GetDouble() > 0);
            Assert.True(value.GetProperty("peer").GetDouble() > 0);
            Assert.True(value.GetProperty("ratio").GetDouble() > 0);
            Assert.Equal(2, value.GetProperty("spread").GetArrayLength());
            Assert.Matches("^[≥≤] ", value.GetProperty("budget").GetString()!);
            Assert.Contains(value.GetProperty("met").ValueKind, (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]);
            Assert.NotEqual(0, value.GetProperty("measures").GetArrayLength());
        });
        Assert.True(json.GetProperty("judged").GetBoolean());
        Assert.False(json.GetProperty("partial").GetBoolean());
    }

    [Fact]
    public void Without_a_peer_there_is_null_and_no_zero()
    {
        var handshakes = Json(SampleComparison.Of(pairs: 5)).GetProperty("workloads").GetProperty("handshakes");

        Assert.Equal(JsonValueKind.Null, handshakes.GetProperty("peer").ValueKind);
        Assert.Equal(JsonValueKind.Null, handshakes.GetProperty("ratio").ValueKind);
        Assert.True(handshakes.GetProperty("met").GetBoolean());
    }

    [Fact]
    public void Fewer_pairs_judge_nothing()
    {
        var json = Json(SampleComparison.Of(pairs: 4, isPartial: true));

        Assert.False(json.GetProperty("judged").GetBoolean());
        Assert.True(json.GetProperty("partial").GetBoolean());
        Assert.All(json.GetProperty("workloads").EnumerateObject(), workload => Assert.Equal(JsonValueKind.Null, workload.Value.GetProperty("met").ValueKind));
    }

    [Fact]
    public void A_workload_without_a_whole_pair_is_there_without_numbers()
    {
        var report = CompareReport.Of("command", new CompareSettings(5, IsQuick: false, []), isPartial: true, [new WorkloadResult("W1", "title", [])]);

        var workload = Json(report).GetProperty("workloads").GetProperty("W1");
        Assert.All((string[])["ours", "peer", "ratio", "spread", "budget", "met"], name => Assert.Equal(JsonValueKind.Null, workload.GetProperty(name).ValueKind));
    }

    [Fact]
    public void The_machine_is_told()
    {
        var json = Json(SampleComparison.Of(pairs: 1));

        var machine = json.GetProperty("machine");
        Assert.Equal(Environment.ProcessorCount, machine.GetProperty("cores").GetInt32());
        Assert.True(machine.GetProperty("memoryBytes").GetInt64() > 100_000_000);
        Assert.All((string[])["processor", "system", "kernel", "runtime"], name => Assert.NotEqual("", machine.GetProperty(name).GetString()));
        Assert.Equal("./quicchat bench compare --json", json.GetProperty("command").GetString());
    }

    private static JsonElement Json(CompareReport report) => JsonSerializer.SerializeToElement(report, JsonSerializerOptions.Web);
}
