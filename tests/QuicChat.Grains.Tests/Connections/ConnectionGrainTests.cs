using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
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
        await cluster.SettleAsync(() => !IsStored(connection), "the end of the closed connection's record");
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
    public async Task AFailedConnectionLeavesItsUserThoughTheFirstTryFails()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        cluster.Storage.RefuseWrites(User.GetGrainId(), true);
        await connection.FailMigration("an operator said so");
        await _gateway.NextAsync(_gateway.Closes, "the request to close the connection");
        await cluster.EndLostAsync();
        Assert.Equal([connection.GetPrimaryKeyString()], await User.GetConnections());

        cluster.Storage.RefuseWrites(User.GetGrainId(), false);
        await cluster.SettleAsync(
            async () =>
            {
                await cluster.EndLostAsync();
                return (await User.GetConnections()).IsEmpty;
            },
            "the leaving of the user");

        Assert.Equal(0, _gateway.Closes.Reader.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AGatewayIsAskedToCloseAFailedConnectionUntilTheRegistryCanAskIt(bool closesMeanwhile)
    {
        await _gateway.RenewAsync();
        var other = new TestGateway(cluster);
        await other.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);

        // A registry that has just become active knows no gateway's address.
        await cluster.MoveAsync(cluster.Grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key));
        await connection.FailMigration("an operator said so");
        await cluster.EndLostAsync();
        Assert.Equal(0, _gateway.Closes.Reader.Count);
        if (closesMeanwhile)
        {
            await connection.Unregister("the client left");
        }

        await _gateway.RenewAsync();
        await cluster.EndLostAsync();
        await cluster.EndLostAsync();

        if (!closesMeanwhile)
        {
            Assert.Equal(
                (connection.GetPrimaryKeyString(), 4, "an operator said so"),
                await _gateway.NextAsync(_gateway.Closes, "the request to close the connection"));
        }

        Assert.Equal(0, _gateway.Closes.Reader.Count);
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

    [Fact]
    public async Task AReportThatTheStoreRefusesIsRepeatedAndCountedOnce()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var detected = _gateway.Event(connection, Detected);
        cluster.Storage.FailNextWrite(connection.GetGrainId(), SharedGrainStorage.WriteFault.Refused);

        await Assert.ThrowsAnyAsync<OrleansException>(() => _gateway.ReportAsync(connection, detected));
        Assert.Equal(0, (await cluster.StatsAsync()).Gateway(_gateway.Id)!.Totals.Started);
        Assert.Equal(new PathReportReceipt(1, MigrationState.Migrating, true), await _gateway.ReportAsync(connection, detected));

        Assert.Equal(MigrationTotals.Zero with { Started = 1 }, await connection.GetTotals());
        Assert.Equal(MigrationTotals.Zero with { Started = 1 }, (await cluster.StatsAsync()).Gateway(_gateway.Id)!.Totals);
    }

    [Fact]
    public async Task WhatTheStoreHasWrittenCountsThoughItsAnswerIsLost()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var other = await _gateway.ConnectAsync(_user);
        cluster.Storage.FailNextWrite(connection.GetGrainId(), SharedGrainStorage.WriteFault.AnswerLost);
        cluster.Storage.FailNextWrite(other.GetGrainId(), SharedGrainStorage.WriteFault.AnswerLost);

        var receipt = await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted));
        await other.Unregister("the client left");

        Assert.Equal(new PathReportReceipt(2, MigrationState.Stable, true), receipt);
        var part = (await cluster.StatsAsync()).Gateway(_gateway.Id)!;
        Assert.Equal((1, MigrationTotals.Zero with { Started = 1, Reverted = 1 }), (part.Connections, part.Totals));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWriteOfUnknownOutcomeIsCountedAsSoonAsItIsKnown(bool moves)
    {
        var connection = await _gateway.ConnectAsync(_user);
        cluster.Storage.FailNextWrite(connection.GetGrainId(), SharedGrainStorage.WriteFault.AnswerLost);
        cluster.Storage.FailNextRead(connection.GetGrainId());

        await Assert.ThrowsAnyAsync<OrleansException>(() => _gateway.ReportAsync(connection, _gateway.Event(connection, Detected)));
        if (moves)
        {
            Assert.True(await connection.IsMigrating());
            await cluster.MoveAsync(connection);
        }

        Assert.Equal(MigrationState.Migrating, await connection.GetState());
        await cluster.SettleAsync(async () => (await PartAsync()).Totals.Started == 1, "the count of the attempt");
        var part = await PartAsync();
        Assert.Equal((1, MigrationTotals.Zero with { Started = 1 }), (part.Connections, part.Totals));
    }

    [Fact]
    public async Task AClosedConnectionsRecordStaysUntilACheckpointContainsIt()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await cluster.SettleAsync(() => true, "nothing");

        await connection.Unregister("the client left");

        Assert.True(IsStored(connection));
        Assert.Null(await connection.GetSnapshot());
        await cluster.SettleAsync(() => !IsStored(connection), "the end of the closed connection's record");
    }

    [Fact]
    public async Task AFailedConnectionIsForgottenAfterTenMinutes()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await connection.FailMigration("an operator said so");
        cluster.Clock.Advance(TimeSpan.FromMinutes(9));
        await cluster.EndLostAsync();
        Assert.True(await connection.HasMigrationFailed());

        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        await cluster.EndLostAsync();

        Assert.Null(await connection.GetSnapshot());
        await cluster.SettleAsync(() => !IsStored(connection), "the end of the failed connection's record");
    }

    [Fact]
    public async Task AConnectionThatIsTakenOverBeginsAnew()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        var other = new TestGateway(cluster);

        var snapshot = await connection.Register(other.Registration(_user));

        Assert.Equal((other.Id, 0, MigrationState.Stable), (snapshot.Registration.GatewayId, snapshot.LastEventNumber, snapshot.State));
        var stats = await cluster.StatsAsync();
        Assert.Equal((0, 0, 1), (stats.Gateway(_gateway.Id)!.Connections, stats.Gateway(_gateway.Id)!.Migrating, stats.Gateway(_gateway.Id)!.Totals.Abandoned));
        Assert.Equal(1, stats.Gateway(other.Id)!.Connections);
        Assert.False((await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected))).Registered);
    }

    [Fact]
    public async Task AHistoryTellsAllOfEachAttempt()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var at = cluster.Clock.GetUtcNow();
        await _gateway.ReportAsync(
            connection,
            _gateway.Event(connection, Detected),
            _gateway.Event(connection, Validated, milliseconds: 42) with { Inferred = true },
            _gateway.Event(connection, Detected, from: "192.0.2.1:2000", to: "[2001:db8::1]:9") with { Kind = MigrationKind.Family },
            _gateway.Event(connection, Reverted, milliseconds: 7));

        var history = await connection.GetHistory();

        Assert.All(history, attempt => Assert.Contains(cluster.Silos, silo => silo.Name == attempt.Silo));
        Assert.Equal(
            [
                new MigrationAttempt(
                    "192.0.2.1:1000", "192.0.2.1:2000", MigrationKind.PortOnly, MigrationOutcome.Completed, null, at,
                    TimeSpan.FromMilliseconds(42), true, _gateway.Id, ""),
                new MigrationAttempt(
                    "192.0.2.1:2000", "[2001:db8::1]:9", MigrationKind.Family, MigrationOutcome.Reverted, null, at,
                    TimeSpan.FromMilliseconds(7), false, _gateway.Id, ""),
            ],
            history.Select(attempt => attempt with { Silo = "" }));
        Assert.Equal(MigrationState.Stable, await connection.GetState());
        Assert.Equal(MigrationTotals.Zero with { Started = 2, Completed = 1, Reverted = 1 }, await connection.GetTotals());
    }

    [Fact]
    public async Task NothingThatAGatewaySendsThrows()
    {
        var connection = await _gateway.ConnectAsync(_user);
        var good = _gateway.Event(connection, Detected);
        PathObservation[] bad =
        [
            null!,
            good with { Number = -1 },
            good with { Number = long.MaxValue },
            good with { Number = long.MinValue },
            good with { From = null!, To = null! },
            good with { Number = 2, To = new string('9', 10_000) },
            good with { Number = 3, Kind = (MigrationKind)77 },
            good with { Number = 4, Type = (PathObservationType)77 },
            good with { Number = 5, At = DateTimeOffset.MaxValue, Duration = TimeSpan.MinValue },
            good with { Number = 6, Type = Validated, To = null!, At = DateTimeOffset.MinValue, Duration = TimeSpan.MaxValue },
            good with { Number = 7, Type = Denied, Reason = new string('x', 100_000) },
        ];

        foreach (var observation in bad)
        {
            await _gateway.ReportAsync(connection, observation);
        }

        await connection.Report(new PathReport(null!, [good]));
        await connection.Report(new PathReport(_gateway.Id, default));
        var snapshot = (await connection.GetSnapshot())!;
        Assert.Equal((7, "192.0.2.1:2000"), (snapshot.LastEventNumber, snapshot.RemoteEndPoint));
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Completed = 1, Denied = 1, Ignored = 8 }, snapshot.Totals);
    }

    private async Task<MigrationStatsPart> PartAsync() => (await cluster.StatsAsync()).Gateway(_gateway.Id)!;

    private bool IsStored(IConnectionGrain connection)
        => cluster.Storage.Contains(connection.GetGrainId()) || cluster.Index.Contains(connection.GetPrimaryKeyString());

    private IUserGrain User => cluster.Grains.GetGrain<IUserGrain>(_user);
}
