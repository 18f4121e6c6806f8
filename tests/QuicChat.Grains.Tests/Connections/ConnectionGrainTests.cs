using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Connections;

[Collection(ClusterFixture.Serial)]
public sealed class ConnectionGrainTests(ClusterFixture cluster)
{
    private readonly TestGateway _gateway = new(cluster);
    private readonly string _user = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task RegisteringTwiceChangesNothing()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        var before = await connection.GetSnapshot();

        var again = await connection.Register(_gateway.Registration(_user, "203.0.113.9:9"));

        Assert.Equivalent(before, again, strict: true);
        Assert.Equal([connection.GetPrimaryKeyString()], await User.GetConnections());
    }

    [Fact]
    public async Task AMigrationTakesTwoReportsAndIsRecorded()
    {
        var connection = await _gateway.ConnectAsync(_user);

        var started = await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        Assert.Equal(new PathReportReceipt(1, MigrationState.Migrating, true), started);
        Assert.True(await connection.IsMigrating());
        Assert.NotNull((await connection.GetSnapshot())!.MigrationStartedAt);

        var ended = await _gateway.ReportAsync(connection, _gateway.Event(connection, Validated, milliseconds: 42));
        Assert.Equal(new PathReportReceipt(2, MigrationState.Stable, true), ended);
        Assert.False(await connection.IsMigrating());
        var snapshot = (await connection.GetSnapshot())!;
        Assert.Equal(1, snapshot.MigrationCount);
        Assert.NotNull(snapshot.LastMigration);
        Assert.Null(snapshot.MigrationStartedAt);
        Assert.Equal("192.0.2.1:2000", snapshot.RemoteEndPoint);
        var attempt = Assert.Single(snapshot.History);
        Assert.Equal((MigrationOutcome.Completed, 42, _gateway.Id), (attempt.Outcome, attempt.Duration.TotalMilliseconds, attempt.GatewayId));
        Assert.Contains(cluster.Silos, silo => silo.Name == attempt.Silo);
    }

    [Fact]
    public async Task AReportIsWrittenOnceHoweverManyEventsItHas()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var events = Enumerable.Range(0, 10)
            .SelectMany(_ => new[] { _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted) }).ToArray();
        var before = cluster.Storage.WritesOf(connection.GetGrainId());

        await _gateway.ReportAsync(connection, events);

        Assert.Equal(before + 1, cluster.Storage.WritesOf(connection.GetGrainId()));
        Assert.Equal(10, (await connection.GetSnapshot())!.Totals.Reverted);
    }

    [Fact]
    public async Task AReplayedReportChangesNothingButTheCountOfIgnoredEvents()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var events = new[] { _gateway.Event(connection, Detected), _gateway.Event(connection, Validated, milliseconds: 5) };
        await _gateway.ReportAsync(connection, events);
        var before = (await connection.GetSnapshot())!;

        var receipt = await _gateway.ReportAsync(connection, events);

        Assert.Equal(new PathReportReceipt(2, MigrationState.Stable, true), receipt);
        Assert.Equivalent(before with { Totals = before.Totals with { Ignored = 2 } }, await connection.GetSnapshot(), strict: true);
    }

    [Fact]
    public async Task AReportOfAnUnknownConnectionSaysSo()
    {
        var connection = cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));

        Assert.Equal(
            new PathReportReceipt(0, MigrationState.Stable, false), await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected)));
        Assert.False((await connection.Report(new PathReport(_gateway.Id, default))).Registered);
        Assert.Null(await connection.GetSnapshot());
        Assert.False(await connection.FailMigration("none"));
        await connection.Unregister("none");
    }

    [Fact]
    public async Task UnregisteringLeavesNothingBehind()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var other = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));

        await connection.Unregister("the client left");
        await connection.Unregister("the client left");

        Assert.Null(await connection.GetSnapshot());
        Assert.Equal([other.GetPrimaryKeyString()], await User.GetConnections());
        Assert.False(cluster.Storage.Contains(connection.GetGrainId()));
        await other.Unregister("the client left");
        Assert.Empty(await User.GetConnections());
        Assert.False(cluster.Storage.Contains(User.GetGrainId()));
    }

    [Fact]
    public async Task AFailedMigrationEndsTheConnection()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);

        var receipt = await _gateway.ReportAsync(
            connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Failed, milliseconds: 30_000, reason: "no answer"));

        Assert.Equal(MigrationState.MigrationFailed, receipt.State);
        Assert.Equal(
            (connection.GetPrimaryKeyString(), 4, "no answer"), await _gateway.NextAsync(_gateway.Closes, "the request to close the connection"));
        Assert.True(await connection.HasMigrationFailed());
        Assert.False(await connection.FailMigration("again"));
        Assert.Equal(MigrationState.MigrationFailed, (await connection.Register(_gateway.Registration(_user))).State);
        await connection.Unregister("closed");
        Assert.True(await connection.HasMigrationFailed());
        Assert.Equal("no answer", Assert.Single((await connection.GetSnapshot())!.History).Reason);
    }

    [Fact]
    public async Task AnOperatorFailsAStableConnection()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);

        Assert.True(await connection.FailMigration("an operator said so"));

        Assert.Equal(
            (connection.GetPrimaryKeyString(), 4, "an operator said so"),
            await _gateway.NextAsync(_gateway.Closes, "the request to close the connection"));
        Assert.Equal(MigrationTotals.Zero, (await connection.GetSnapshot())!.Totals);
    }

    [Fact]
    public async Task TheTimeOutCountsFromTheFirstUnresolvedAttempt()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        cluster.Clock.Advance(TimeSpan.FromSeconds(20));
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected, to: "198.51.100.1:1"));
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));

        Assert.True(await connection.HasMigrationTimedOut(TimeSpan.FromSeconds(30)));
        Assert.InRange((await connection.TimeSinceMigrationStarted())!.Value, TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(19));
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Reverted));
        Assert.False(await connection.HasMigrationTimedOut(TimeSpan.Zero));
        Assert.Null(await connection.TimeSinceMigrationStarted());
    }

    [Fact]
    public async Task AnotherSiloGoesOnWhereThisOneWas()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        var before = await connection.GetSnapshot();

        await cluster.MoveAsync(connection);
        Assert.Equivalent(before, await connection.GetSnapshot(), strict: true);

        var receipt = await _gateway.ReportAsync(connection, _gateway.Event(connection, Validated));
        Assert.Equal(new PathReportReceipt(2, MigrationState.Stable, true), receipt);
    }

    [Theory]
    [InlineData(SharedGrainStorage.WriteFault.Refused, 0)]
    [InlineData(SharedGrainStorage.WriteFault.AnswerLost, 1)]
    public async Task AReportThatTheStoreDidNotAnswerIsRepeatedWithoutHarm(SharedGrainStorage.WriteFault fault, long ignored)
    {
        var connection = await _gateway.ConnectAsync(_user);
        var detected = _gateway.Event(connection, Detected);
        cluster.Storage.FailNextWrite(connection.GetGrainId(), fault);

        await Assert.ThrowsAnyAsync<OrleansException>(() => _gateway.ReportAsync(connection, detected));
        var receipt = await _gateway.ReportAsync(connection, detected);

        Assert.Equal(new PathReportReceipt(1, MigrationState.Migrating, true), receipt);
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Ignored = ignored }, (await connection.GetSnapshot())!.Totals);
    }

    private IUserGrain User => cluster.Grains.GetGrain<IUserGrain>(_user);
}
