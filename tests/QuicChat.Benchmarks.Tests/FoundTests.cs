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
          "processes": [
            { "name": "load", "cpuSeconds": 5 }, { "name": "gw-1", "cpuSeconds": 2 }, { "name": "silo-1", "cpuSeconds": 1.5 }
          ],
          "steps": [
            { "connections": 1000, "processes": [{ "name": "gw-1", "rssBytes": 10 }] },
            { "connections": 2000, "processes": [{ "name": "gw-1", "rssBytes": 20 }, { "name": "gw-2", "rssBytes": 5 }, { "name": "silo-1", "rssBytes": 7 }] }
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
    public void A_total_is_over_all_trials() => Assert.Equal(7, _found.Total("lost"));

    [Fact]
    public void A_step_is_found_by_its_connections_and_a_kind_of_process_is_added_up()
    {
        Assert.Equal(25, _found.AtStep("one", 2000, "gw", "rssBytes"));
        Assert.Equal(7, _found.AtStep("one", 2000, "silo", "rssBytes"));
        Assert.Throws<KeyNotFoundException>(() => _found.AtStep("one", 1000, "silo", "rssBytes"));
        Assert.Throws<InvalidOperationException>(() => _found.AtStep("one", 3000, "gw", "rssBytes"));
    }

    [Fact]
    public void The_servers_are_all_but_the_load() => Assert.Equal(3.5, _found.OfServers("one", "cpuSeconds"));
}
