using System.Text.Json;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Demo;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Tests.Demo;

public sealed class DemoReportTests
{
    private static readonly DeliveryAudit Good = new(Published: 10, Expected: 40, Delivered: 40, 0, 0, 0, 0, 0);

    [Fact]
    public void The_object_has_the_documented_shape()
    {
        using var output = new StringWriter();
        new VerbContext(new(".quicchat"), Json: true, output, TextWriter.Null).WriteJson(Report(Good));
        var json = JsonDocument.Parse(output.ToString()).RootElement;

        Assert.Equal(
            [
                "clients", "rooms", "published", "expected", "delivered", "lost", "duplicated", "reordered", "unacknowledged", "foreign",
                "rebinds", "reconnects", "migrations", "deliveryGapMs", "seed",
            ],
            json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            """{"started":25,"completed":24,"failed":0,"reverted":1,"superseded":0,"durationMs":{"p50":1,"p99":3,"max":4}}""",
            json.GetProperty("migrations").GetRawText());
        Assert.Equal(
            """{"talkers":{"p50":1,"p99":2,"max":3},"listeners":{"p50":4,"p99":5,"max":6}}""", json.GetProperty("deliveryGapMs").GetRawText());
    }

    [Fact]
    public void Nothing_is_wrong_where_all_arrived_and_all_is_counted() => Assert.Empty(Report(Good).Faults());

    [Fact]
    public void Each_fault_is_told()
    {
        Assert.Equal(["1 lost"], Report(Good with { Lost = 1 }).Faults());
        Assert.Equal(["2 duplicated"], Report(Good with { Duplicated = 2 }).Faults());
        Assert.Equal(["3 reordered"], Report(Good with { Reordered = 3 }).Faults());
        Assert.Equal(["4 not acknowledged"], Report(Good with { Unacknowledged = 4 }).Faults());
        Assert.Equal(["5 in a room that they were not sent to"], Report(Good with { Foreign = 5 }).Faults());
        Assert.Equal(["nothing was published"], Report(Good with { Published = 0 }).Faults());
        Assert.Equal(["1 connections ended"], Report(Good, reconnects: 1).Faults());
        Assert.Equal(["1 migrations failed"], Report(Good, failed: 1).Faults());
        Assert.Equal(["24 migrations completed for 25 path changes"], Report(Good, rebinds: 25).Faults());
    }

    private static DemoReport Report(DeliveryAudit audit, long rebinds = 24, long reconnects = 0, long failed = 0) => DemoReport.Of(
        new DemoSettings(8, 2, 3, TimeSpan.FromSeconds(20), LinkConditions.Unimpaired, PathChanges.Rebinding, Seed: 7, QuicEngineKind.Auto),
        audit,
        rebinds,
        reconnects,
        new MigrationStats(
            8,
            0,
            MigrationTotals.Zero with { Started = 25, Completed = 24, Reverted = 1, Failed = failed },
            new MigrationDurations(1, 2, 3, 4),
            [],
            [],
            DateTimeOffset.UnixEpoch),
        new DemoReport.GapReport(new Spread(1, 2, 3), new Spread(4, 5, 6)));
}
