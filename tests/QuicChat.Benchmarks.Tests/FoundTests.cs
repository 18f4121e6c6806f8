using System.Text.Json;
using QuicChat.Benchmarks.Compare;

namespace QuicChat.Benchmarks.Tests;

/// <summary>How numbers are taken from what a load reports.</summary>
public sealed class FoundTests
{
    private const string Report =
        """
        {
          "lost": 3,
          "deliveryMs": { "p99": 12.5 },
          "gapMs": { "publishers": { "count": 2, "p99": 7 }, "listeners": { "count": 0, "p99": 0 } },
          "processes": [
            { "name": "load", "cpuSeconds": 5 }, { "name": "gw-1", "cpuSeconds": 2 }, { "name": "silo-1", "cpuSeconds": 1.5 }
          ],
          "steps": [
            { "connections": 1000, "connectedPerSecond": 300, "processes": [{ "name": "gw-1", "rssBytes": 10 }] },
            {
              "connections": 2000,
              "connectedPerSecond": 400,
              "processes": [{ "name": "gw-1", "rssBytes": 20 }, { "name": "gw-2", "rssBytes": 5 }, { "name": "silo-1", "rssBytes": 7 }]
            },
            { "connections": 3000, "processes": [{ "name": "gw-1", "rssBytes": 25 }] }
          ]
        }
        """;

    private readonly Found _found = new();

    public FoundTests()
    {
        _found.Add("one", JsonDocument.Parse(Report).RootElement);
        _found.Add("two", JsonDocument.Parse("""{ "lost": 4 }""").RootElement);
    }

    [Fact]
    public void A_number_is_found_by_its_path() => Assert.Equal(12.5, _found.Number("one", "deliveryMs.p99"));

    [Fact]
    public void A_path_that_is_not_there_is_no_zero()
    {
        Assert.Throws<KeyNotFoundException>(() => _found.Number("one", "deliveryMs.p98"));
        Assert.Throws<KeyNotFoundException>(() => _found.Number("three", "lost"));
    }

    [Fact]
    public void Times_that_were_not_measured_are_no_short_ones()
    {
        Assert.Equal(7, _found.Gap("one", "publishers", "p99"));
        var error = Assert.Throws<BenchmarkException>(() => _found.Gap("one", "listeners", "p99"));
        Assert.Equal("the trial 'one' measured no gapMs.listeners, so it has no p99", error.Message);
        Assert.Throws<KeyNotFoundException>(() => _found.Gap("one", "others", "p99"));
    }

    [Fact]
    public void A_slope_is_what_each_connection_adds_and_nothing_or_less_is_no_number()
    {
        Assert.Equal(0.015, _found.Slope("one", 1000, 2000, "gw", "rssBytes"));
        Assert.Equal(double.NaN, _found.Slope("one", 2000, 3000, "gw", "rssBytes"));
    }

    [Fact]
    public void All_trials_are_named() => Assert.Equal(["one", "two"], _found.Trials);

    [Fact]
    public void A_step_is_found_by_its_connections_and_a_kind_of_process_is_added_up()
    {
        Assert.Equal(400, _found.OfStep("one", 2000, "connectedPerSecond"));
        Assert.Equal(25, _found.AtStep("one", 2000, "gw", "rssBytes"));
        Assert.Equal(7, _found.AtStep("one", 2000, "silo", "rssBytes"));
        Assert.Throws<KeyNotFoundException>(() => _found.AtStep("one", 1000, "silo", "rssBytes"));
        Assert.Throws<InvalidOperationException>(() => _found.AtStep("one", 4000, "gw", "rssBytes"));
    }

    [Fact]
    public void The_servers_are_all_but_the_load() => Assert.Equal(3.5, _found.OfServers("one", "cpuSeconds"));
}
