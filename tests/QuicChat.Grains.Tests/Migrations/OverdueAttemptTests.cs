using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>Attempts that outlive their time: whose gateway holds its lease, that one is asked; others are ended.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class OverdueAttemptTests(ClusterFixture cluster) : MonitorTests(cluster)
{
    [Fact]
    public async Task AGatewayThatHoldsItsLeaseIsAskedForWhatIsOverdue()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected));
        for (var renewal = 0; renewal < 4; renewal++)
        {
            Cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await Gateway.RenewAsync();
        }

        await Cluster.EndLostAsync();

        Assert.Equal(connection.GetPrimaryKeyString(), await Gateway.NextAsync(Gateway.Checks, "a question for the overdue attempt"));
        Assert.True(await connection.IsMigrating());
    }

    [Fact]
    public async Task EveryOverdueAttemptIsAskedForInTurn()
    {
        const int Overdue = 250;
        await Gateway.RenewAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, Overdue).Select(_ => Gateway.ConnectAsync(Guid.NewGuid().ToString("N"))));
        await Task.WhenAll(connections.Select(connection => Gateway.ReportAsync(connection, Gateway.Event(connection, Detected))));
        for (var renewal = 0; renewal < 4; renewal++)
        {
            Cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await Gateway.RenewAsync();
        }

        // None of them ends, so in each round there are as many.
        for (var round = 0; round < 3; round++)
        {
            await Cluster.EndLostAsync();
            Cluster.Clock.Advance(TimeSpan.FromSeconds(6));
            await Gateway.RenewAsync();
        }

        var asked = new HashSet<string>();
        while (asked.Count < Overdue)
        {
            asked.Add(await Gateway.NextAsync(Gateway.Checks, $"the questions for {Overdue} attempts, of which {asked.Count} came"));
        }
    }

    [Fact]
    public async Task ALowerTimeOutHoldsForAttemptsInFlight()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected));
        try
        {
            await Monitor.SetTimeout(TimeSpan.FromSeconds(2));
            await Cluster.LearnAsync();
            Cluster.Clock.Advance(TimeSpan.FromSeconds(8));
            await Cluster.EndLostAsync();

            Assert.Equal(connection.GetPrimaryKeyString(), await Gateway.NextAsync(Gateway.Checks, "a question for the overdue attempt"));
        }
        finally
        {
            await Monitor.SetTimeout(TimeSpan.FromSeconds(30));
            await Cluster.LearnAsync();
        }
    }

    [Fact]
    public async Task AnAttemptOfAGatewayWithoutALeaseEndsAfterItsDeadline()
    {
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected));

        Cluster.Clock.Advance(TimeSpan.FromSeconds(34));
        await Cluster.EndLostAsync();
        Assert.True(await connection.IsMigrating());
        Cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await Cluster.EndLostAsync();

        Assert.True(await connection.HasMigrationFailed());
    }

    [Fact]
    public async Task AnAttemptOfAGatewayWithALeaseIsLeftToIt()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected));
        for (var renewal = 0; renewal < 10; renewal++)
        {
            Cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await Gateway.RenewAsync();
        }

        await Cluster.EndLostAsync();

        Assert.True(await connection.IsMigrating());
    }
}
