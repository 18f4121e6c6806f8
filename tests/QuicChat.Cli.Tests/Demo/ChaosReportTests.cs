using System.Text.Json;
using QuicChat.Cli.Demo.Chaos;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Tests.Demo;

public sealed class ChaosReportTests
{
    private static readonly ChaosReport Good = new(
        Clients: 20,
        Rooms: 4,
        Store: "built-in",
        Network: ChaosReport.BadNetwork.Of(ChaosSettings.BadNetwork),
        Faults: [new("dead networks", 0.8), new("the death of gw-1", 12.5, DownSeconds: 6.5, BackSeconds: 11.5, PresenceSeconds: 15)],
        Published: 10,
        Expected: 60,
        Delivered: 60,
        0, 0, 0, 0, 0, 0, 0,
        Failures: [],
        Reconnects: 10,
        Seed: 7);

    [Fact]
    public void The_object_has_the_documented_shape()
    {
        using var output = new StringWriter();
        new VerbContext(new(".quicchat"), Json: true, output, TextWriter.Null).WriteJson(Good);
        var json = JsonDocument.Parse(output.ToString()).RootElement;

        Assert.Equal(
            [
                "clients", "rooms", "store", "network", "faults", "published", "expected", "delivered", "lost", "duplicated", "reordered",
                "unacknowledged", "foreign", "gaps", "wrongViews", "failures", "reconnects", "seed",
            ],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            """{"lossPercent":5,"delayMs":30,"jitterMs":3,"reorderPercent":2,"duplicatePercent":2}""", json.GetProperty("network").GetRawText());
        Assert.Equal(
            """{"what":"the death of gw-1","seconds":12.5,"downSeconds":6.5,"backSeconds":11.5,"presenceSeconds":15}""",
            json.GetProperty("faults")[1].GetRawText());
    }

    [Fact]
    public void Nothing_is_wrong_where_all_arrived_and_all_were_back_in_time() => Assert.Empty(Good.Violations());

    [Fact]
    public void Each_violation_is_told()
    {
        Assert.Equal(["nothing was published"], (Good with { Published = 0 }).Violations());
        Assert.Equal(["1 lost"], (Good with { Lost = 1 }).Violations());
        Assert.Equal(["2 duplicated"], (Good with { Duplicated = 2 }).Violations());
        Assert.Equal(["3 reordered"], (Good with { Reordered = 3 }).Violations());
        Assert.Equal(["4 not acknowledged"], (Good with { Unacknowledged = 4 }).Violations());
        Assert.Equal(["5 in a room that they were not sent to"], (Good with { Foreign = 5 }).Violations());
        Assert.Equal(["6 gaps told to clients"], (Good with { Gaps = 6 }).Violations());
        Assert.Equal(["7 clients wrong about who is in their room"], (Good with { WrongViews = 7 }).Violations());
        Assert.Equal(["1 lost", "ann does not go on"], (Good with { Lost = 1, Failures = ["ann does not go on"] }).Violations());
    }

    [Theory]
    [InlineData(15.1, 3, "clients not back 15 s after the death of gw-1, but after 15.1 s")]
    [InlineData(3, 15.1, "presence wrong 15 s after the death of gw-1, right after 15.1 s")]
    public void Clients_or_presence_that_come_too_late_are_a_violation(double back, double presence, string words)
        => Assert.Equal([words], (Good with { Faults = [new("the death of gw-1", 20, 6, back, presence)] }).Violations());

    [Fact]
    public void A_network_that_does_nothing_to_datagrams_is_none() => Assert.Null(ChaosReport.BadNetwork.Of(LinkConditions.Unimpaired));
}
