using System.Text.Json;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Tests.Admin;

public sealed class StatsReportTests
{
    private static readonly MigrationTotals Totals = new(
        Started: 20, Completed: 9, Reverted: 2, Superseded: 3, Abandoned: 1, Unknown: 1, Failed: 3, Denied: 4, Ignored: 5);

    [Fact]
    public void The_object_has_the_documented_shape()
    {
        var stats = new MigrationStats(
            7,
            1,
            Totals,
            new MigrationKindTotals(4, 3, 2),
            new MigrationDurations(1.5, 2.5, 3.5, 4.5),
            [new MigrationStatsPart("silo-1", 7, 1, Totals)],
            [new MigrationStatsPart("gw-1", 7, 1, Totals)],
            DateTimeOffset.UnixEpoch);

        var json = Write(stats);

        Assert.Equal(
            ["connections", "migrating", "failed", "totals", "byKind", "durationMs", "successRate", "silos", "gateways", "since"],
            Names(json));
        Assert.Equal(3, json.GetProperty("failed").GetInt64());
        Assert.Equal(
            """{"started":20,"completed":9,"failed":3,"reverted":2,"superseded":3,"abandoned":1,"unknown":1,"denied":4,"ignored":5}""",
            json.GetProperty("totals").GetRawText());
        Assert.Equal("""{"portOnly":4,"address":3,"family":2}""", json.GetProperty("byKind").GetRawText());
        Assert.Equal("""{"p50":1.5,"p90":2.5,"p99":3.5,"max":4.5}""", json.GetProperty("durationMs").GetRawText());
        Assert.Equal(0.75, json.GetProperty("successRate").GetDouble());
        Assert.Equal(["id", "connections", "migrating", "totals"], Names(json.GetProperty("silos")[0]));
        Assert.Equal("gw-1", json.GetProperty("gateways")[0].GetProperty("id").GetString());
    }

    [Fact]
    public void Before_the_first_end_there_is_no_success_rate()
    {
        var json = Write(new MigrationStats(
            0, 0, MigrationTotals.Zero, MigrationKindTotals.Zero, new MigrationDurations(0, 0, 0, 0), [], [], DateTimeOffset.UnixEpoch));

        Assert.Equal(JsonValueKind.Null, json.GetProperty("successRate").ValueKind);
        Assert.Equal("[]", json.GetProperty("silos").GetRawText());
    }

    private static JsonElement Write(MigrationStats stats)
    {
        using var output = new StringWriter();
        new VerbContext(new(".quicchat"), Json: true, output, TextWriter.Null).WriteJson(StatsReport.Of(stats));
        return JsonDocument.Parse(output.ToString()).RootElement;
    }

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(property => property.Name);
}
