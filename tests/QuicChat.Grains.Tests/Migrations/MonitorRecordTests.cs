using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Migrations;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

public sealed class MonitorRecordTests
{
    [Fact]
    public void SilosThatAreLongGoneAreAddedUpUnderOneName()
    {
        var record = new MonitorRecord();
        for (var number = 0; number < 200; number++)
        {
            record.Past[$"silo-{number}"] = Sums(number + 3);
            record.Baseline[$"silo-{number}"] = Sums(number);
            record.FoldPast(new HashSet<string> { "silo-0", $"silo-{number}" });
        }

        Assert.Equal(64, record.Past.Count);
        Assert.Contains("silo-0", record.Past);
        Assert.Contains("silo-199", record.Past);
        Assert.Equal(record.Past.Keys.Order(), record.Baseline.Keys.Order());
        Assert.Equal(3 * 200, record.Past.Sum(silo => silo.Value.Minus(record.Baseline[silo.Key]).Sum().Totals.Started));
        Assert.Equal(3 * (200 - 63), record.Past[MonitorRecord.FormerSilos].Minus(record.Baseline[MonitorRecord.FormerSilos])["gw-1"].Totals.Started);
    }

    private static SumsByGateway Sums(long started)
        => SumsByGateway.Zero.Plus("gw-1", GatewaySums.Zero with { Totals = MigrationTotals.Zero with { Started = started } });
}
