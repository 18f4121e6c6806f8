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
            new MigrationDurations(1.5, 2.5, 3.5, 4.5),
            [new MigrationStatsPart("silo-1", 7, 1, Totals)],
            [new MigrationStatsPart("gw-1", 7, 1, Totals)],
            DateTimeOffset.UnixEpoch)
        {
            ByKind = new MigrationTotalsByKind(Totals with { Completed = 4 }, Totals with { Completed = 3 }, Totals with { Completed = 2 }),
            Recovering = ["silo-2"],
        };

        var json = Write(stats);

        Assert.Equal(
            ["connections", "migrating", "failed", "totals", "byKind", "durationMs", "successRate", "silos", "gateways", "since", "recovering"],
            Names(json));
        Assert.Equal(3, json.GetProperty("failed").GetInt64());
        Assert.Equal(
            """{"started":20,"completed":9,"failed":3,"reverted":2,"superseded":3,"abandoned":1,"unknown":1,"denied":4,"ignored":5}""",
            json.GetProperty("totals").GetRawText());
        Assert.Equal(["portOnly", "address", "family"], Names(json.GetProperty("byKind")));
        Assert.Equal(
            """{"started":20,"completed":3,"failed":3,"reverted":2,"superseded":3,"abandoned":1,"unknown":1}""",
            json.GetProperty("byKind").GetProperty("address").GetRawText());
        Assert.Equal("""["silo-2"]""", json.GetProperty("recovering").GetRawText());
        Assert.Equal("""{"p50":1.5,"p90":2.5,"p99":3.5,"max":4.5}""", json.GetProperty("durationMs").GetRawText());
        Assert.Equal(0.75, json.GetProperty("successRate").GetDouble());
        Assert.Equal(["id", "connections", "migrating", "totals", "byKind", "durationMs", "successRate"], Names(json.GetProperty("silos")[0]));
        Assert.Equal("gw-1", json.GetProperty("gateways")[0].GetProperty("id").GetString());
    }

    [Fact]
    public void Before_the_first_end_there_is_no_success_rate()
    {
        var json = Write(new MigrationStats(
            0, 0, MigrationTotals.Zero, new MigrationDurations(0, 0, 0, 0), [], [], DateTimeOffset.UnixEpoch));

        Assert.Equal(JsonValueKind.Null, json.GetProperty("successRate").ValueKind);
        Assert.Equal("[]", json.GetProperty("silos").GetRawText());
        Assert.Equal("[]", json.GetProperty("recovering").GetRawText());
    }

    [Fact]
    public void The_table_says_what_became_of_each_kind_and_which_silos_are_read_again()
    {
        var stats = new MigrationStats(
            7, 1, Totals, new MigrationDurations(0, 0, 0, 0), [], [], DateTimeOffset.UnixEpoch)
        {
            ByKind = new MigrationTotalsByKind(Totals with { Started = 1_234 }, MigrationTotals.Zero, MigrationTotals.Zero),
            Histogram = DurationHistogram.Empty.Plus(TimeSpan.FromMilliseconds(20)),
            Recovering = ["silo-2"],
        };
        using var output = new StringWriter();

        StatsVerb.Show(new VerbContext(new(".quicchat"), Json: false, output, TextWriter.Null).OutputConsole(), stats);

        var lines = output.ToString().Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("silo-2 has died; its counts are being read again", lines);
        Assert.Contains("took 20 ms (median), 20 ms (p90), 20 ms (p99), 20 ms (longest)", lines);
        Assert.Contains("what changed started completed failed reverted superseded abandoned unknown", lines);
        Assert.Contains("port only 1,234 9 3 2 3 1 1", lines);
        Assert.Contains("family 0 0 0 0 0 0 0", lines);
    }

    private static JsonElement Write(MigrationStats stats)
    {
        using var output = new StringWriter();
        new VerbContext(new(".quicchat"), Json: true, output, TextWriter.Null).WriteJson(StatsReport.Of(stats));
        return JsonDocument.Parse(output.ToString()).RootElement;
    }

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(property => property.Name);
}
