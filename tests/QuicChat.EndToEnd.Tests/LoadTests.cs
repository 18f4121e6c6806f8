using System.Text.Json;
using QuicChat.EndToEnd.Tests.Support;
using Xunit;

namespace QuicChat.EndToEnd.Tests;

/// <summary>A small load, as a test of what it checks and not of how fast it is.</summary>
[Collection(WholeMachine.Name)]
public sealed class LoadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Two_hundred_clients_get_every_message_once_and_in_order_while_paths_change()
    {
        var load = await Tool.RunAsync(
            Limit,
            ["load", "--json", "--rooms", "20", "--members", "10", "--publishers", "2", "--rate", "100", "--duration", "10s", "--warm-up", "1s",
                "--changes", "5", "--change-kind", "active"]);

        Assert.True(load.ExitCode == 0, load.ToString());
        var json = load.Json;
        AssertExact(json);
        Assert.False(json.GetProperty("partial").GetBoolean());
        Assert.Equal(200, Number(json.GetProperty("load"), "connections"));

        // How many there are depends on the machine; what they have to do with each other does not. All that was due while it was measured was sent,
        // which the rate and the time say, and arrived at each of the ten members.
        Assert.True(Number(json, "published") >= 1_000, json.ToString());
        Assert.Equal(0, Number(json, "unsent"));
        Assert.Equal(10 * Number(json, "published"), Number(json, "delivered"));
        Assert.True(Number(json, "pathChanges") > 0, json.ToString());
        Assert.Equal(0, Number(json, "changesNotMade"));
        Assert.Equal(Number(json, "pathChanges"), Number(json, "migrations"));
        AssertGaps(json, "gapMs");
        AssertGaps(json, "beyondMs");
        Assert.All(json.GetProperty("notBack").EnumerateObject(), group => Assert.Equal(0, group.Value.GetInt64()));
        Assert.InRange(Number(json.GetProperty("deliveryMs"), "count"), 1, Number(json, "delivered"));
        Assert.Equal(
            ["gw-1", "load", "silo-1", "store"],
            json.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("name").GetString()).Order());
        Assert.Empty(json.GetProperty("processesGone").EnumerateArray());
        Assert.All(json.GetProperty("processes").EnumerateArray(), process => Assert.True(Number(process, "rssBytes") > 1_000_000, process.ToString()));
        Assert.NotEmpty(json.GetProperty("series").EnumerateArray());
    }

    [Fact]
    public async Task Steps_of_idle_connections_tell_what_each_costs()
    {
        var load = await Tool.RunAsync(Limit, "load", "--json", "--steps", "20,60", "--step-time", "1s", "--duration", "1s");

        Assert.True(load.ExitCode == 0, load.ToString());
        var steps = load.Json.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal([20, 60], steps.Select(step => Number(step, "connections")));
        Assert.All(steps, step => Assert.Equal(4, step.GetProperty("processes").GetArrayLength()));
        Assert.Equal(0, Number(load.Json, "published"));
    }

    [Fact]
    public async Task The_report_draws_every_plot_in_a_browser_without_complaint()
    {
        var folder = Directory.CreateTempSubdirectory("quicchat-load-report-");
        try
        {
            var load = await Tool.RunAsync(
                Limit,
                ["load", "--json", "--rooms", "5", "--members", "4", "--publishers", "2", "--rate", "100", "--duration", "6s", "--warm-up", "1s", "--connect-rate", "10",
                    "--storm", "2s", "--change-kind", "active", "--report", folder.FullName]);
            Assert.True(load.ExitCode == 0, load.ToString());

            using var browser = Browser.Open(new Uri(Path.Combine(folder.FullName, "load.html")));
            string[] plots = ["latency", "percentiles", "rate", "memory", "gaps"];
            foreach (var scheme in (string[])["light", "dark"])
            {
                browser.PreferColors(scheme);
                foreach (var plot in plots)
                {
                    Assert.True(browser.ColouredPixels($"#{plot}") > 100, $"{plot} is not drawn in {scheme}.");
                }
            }

            Assert.Equal(plots.Length, browser.Count(".u-wrap"));
            Assert.StartsWith("It held", browser.Text("verdict"), StringComparison.Ordinal);
            Assert.Contains("--storm 2s", browser.Text("command"), StringComparison.Ordinal);
            Assert.Empty(browser.Complaints());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void AssertExact(JsonElement json)
        => Assert.Equal(
            (0, 0, 0, 0, 0), (Number(json, "lost"), Number(json, "duplicated"), Number(json, "reordered"), Number(json, "foreign"), Number(json, "unacknowledged")));

    // One for each change, whosesoever path it was.
    private static void AssertGaps(JsonElement json, string name)
        => Assert.Equal(
            Number(json, "pathChanges"),
            Number(json.GetProperty(name).GetProperty("publishers"), "count") + Number(json.GetProperty(name).GetProperty("listeners"), "count"));

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
