using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

[Collection(ClusterFixture.Serial)]
public sealed class MigrationMonitorTests(ClusterFixture cluster, ITestOutputHelper output)
{
    private readonly TestGateway _gateway = new(cluster);
    private readonly string _user = Guid.NewGuid().ToString("N");

    private IMigrationMonitorGrain Monitor => cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);

    [Fact]
    public async Task ConnectionsAreCountedByGatewayAndBySilo()
    {
        await _gateway.RenewAsync();
        var before = await cluster.StatsAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _gateway.ConnectAsync(_user)));

        var stats = await cluster.StatsAsync();
        Assert.Equal(20, stats.Connections - before.Connections);
        Assert.Equal(20, Part(stats).Connections);
        Assert.Equal(stats.Connections, stats.Silos.Sum(silo => silo.Connections));
        Assert.All(cluster.Silos, silo => Assert.NotNull(stats.Silo(silo.Name)));

        await Task.WhenAll(connections.Select(connection => connection.Unregister("the client left")));
        stats = await cluster.StatsAsync();
        Assert.Equal(before.Connections, stats.Connections);
        Assert.Equal(0, Part(stats).Connections);
    }

    [Fact]
    public async Task AMoveToAnotherSiloKeepsTheCount()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await cluster.MoveAsync(connection);
        Assert.False(await connection.IsMigrating());

        var stats = await cluster.StatsAsync();

        Assert.Equal(1, Part(stats).Connections);
        Assert.Equal(stats.Connections, stats.Silos.Sum(silo => silo.Connections));
    }

    [Fact]
    public async Task RandomAttemptsAreAddedUpExactly()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await _gateway.RenewAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _gateway.ConnectAsync(_user)));
        for (var round = 0; round < 8; round++)
        {
            var reports = connections.Select(connection => (
                Connection: connection,
                Events: Enumerable.Range(0, random.Next(1, 6)).Select(_ => _gateway.Event(
                    connection, (PathObservationType)random.Next(0, 4), to: $"192.0.2.1:{random.Next(2_000, 2_004)}")).ToArray())).ToList();
            await Task.WhenAll(reports.Select(report => _gateway.ReportAsync(report.Connection, report.Events)));
        }

        var truth = MigrationTotals.Zero;
        foreach (var connection in connections)
        {
            var totals = (await connection.GetSnapshot())!.Totals;
            truth = new MigrationTotals(
                truth.Started + totals.Started, truth.Completed + totals.Completed, truth.Reverted + totals.Reverted,
                truth.Superseded + totals.Superseded, truth.Abandoned, truth.Unknown + totals.Unknown, truth.Failed,
                truth.Denied, truth.Ignored + totals.Ignored);
        }

        var part = Part(await cluster.StatsAsync());
        Assert.Equal(truth, part.Totals);
        Assert.Equal(truth.InFlight, part.Migrating);
        Assert.Equal(
            truth.InFlight, (await Monitor.GetMigratingConnections(1_000)).Connections.Count(connection => connection.GatewayId == _gateway.Id));
    }

    [Fact]
    public async Task WhatMigratesAndWhatFailedIsListed()
    {
        await _gateway.RenewAsync();
        var (first, second) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        await _gateway.ReportAsync(first, _gateway.Event(first, Detected));
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await _gateway.ReportAsync(second, _gateway.Event(second, Detected));

        // The monitor knows of silos by their reports.
        await cluster.StatsAsync();
        var migrating = (await Monitor.GetMigratingConnections(1_000)).Connections.Where(connection => connection.GatewayId == _gateway.Id).ToList();
        Assert.Equal([first.GetPrimaryKeyString(), second.GetPrimaryKeyString()], migrating.Select(connection => connection.ConnectionId));
        Assert.Equal((_user, "192.0.2.1:1000", "192.0.2.1:2000"), (migrating[0].UserId, migrating[0].From, migrating[0].To));
        Assert.Single((await Monitor.GetMigratingConnections(1)).Connections);
        Assert.Empty((await Monitor.GetMigratingConnections(-1)).Connections);

        await _gateway.ReportAsync(first, _gateway.Event(first, Failed, milliseconds: 1_000, reason: "no answer"));
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await second.FailMigration("an operator said so"));
        await cluster.StatsAsync();

        var failed = (await Monitor.GetFailedMigrations(1_000)).Where(migration => migration.UserId == _user).ToList();
        Assert.Equal(["an operator said so", "no answer"], failed.Select(migration => migration.Reason));
        Assert.Equal(["an operator said so", "no answer"], failed.Select(migration => migration.Attempt!.Reason));
        Assert.DoesNotContain((await Monitor.GetMigratingConnections(1_000)).Connections, connection => connection.GatewayId == _gateway.Id);
        Assert.Equal((2, 0), (Part(await cluster.StatsAsync()).Totals.Failed, Part(await cluster.StatsAsync()).Connections));
    }

    [Fact]
    public async Task AConnectionThatFailedWithNoAttemptInFlightIsListedToo()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await connection.FailMigration("an operator said so");
        await cluster.StatsAsync();

        var failed = Assert.Single(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == _user);
        Assert.Equal(
            (connection.GetPrimaryKeyString(), cluster.Clock.GetUtcNow(), null, "an operator said so", _gateway.Id),
            (failed.ConnectionId, failed.FailedAt, failed.Attempt, failed.Reason, failed.GatewayId));
    }

    [Fact]
    public async Task DurationsOfCompletedAttemptsBecomePercentiles()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        var (from, to) = ("192.0.2.1:1000", "192.0.2.1:2000");
        for (var attempt = 0; attempt < 4; attempt++)
        {
            await _gateway.ReportAsync(
                connection, _gateway.Event(connection, Detected, from, to), _gateway.Event(connection, Validated, from, to, milliseconds: 29_999));
            (from, to) = (to, from);
        }

        var stats = await cluster.StatsAsync();

        Assert.True(stats.Durations.Max >= 29_999);
        Assert.True(stats.ByKind.PortOnly.Completed >= 4);
        Assert.InRange(stats.SuccessRate!.Value, 0.01, 1);
        Assert.Equal(29_999, Part(stats).Histogram.ToDurations().Max);
        Assert.Equal((4, 4, 1), (Part(stats).Histogram.Total, Part(stats).ByKind.PortOnly.Completed, Part(stats).SuccessRate));
        Assert.Equal(MigrationTotals.Zero, Part(stats).ByKind.Family);
        Assert.Equal(stats.Totals.Completed, stats.Histogram.Total);
    }

    [Fact]
    public async Task TheMonitorsWorkGrowsWithSilosOnly()
    {
        const int Few = 200;
        const int Many = 2_000;
        await _gateway.RenewAsync();

        // Who observes hears each attempt from the silos; the monitor has no part in it.
        var observer = new TestObserver(cluster.Grains);
        await Monitor.Subscribe(observer.Reference);
        List<IConnectionGrain> connections = [];
        var few = await MeasureAsync(connections, Few);
        var many = await MeasureAsync(connections, Many);

        output.WriteLine($"{Few} connections: {few}");
        output.WriteLine($"{Many} connections: {many}");
        Assert.Equal((few.Calls, few.BytesSent), (many.Calls, many.BytesSent));

        // But for the digits of the numbers of reports.
        Assert.InRange(many.BytesStored, few.BytesStored - 8, few.BytesStored + 8);
        Assert.True(observer.HasBatches);
        await Monitor.Unsubscribe(observer.Reference);
    }

    private async Task<(string Calls, int BytesSent, int BytesStored)> MeasureAsync(List<IConnectionGrain> connections, int count)
    {
        while (connections.Count < count)
        {
            connections.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(100, count - connections.Count))
                .Select(_ => _gateway.ConnectAsync(Guid.NewGuid().ToString("N")))));
        }

        // As much as before each measurement, so that the sums have as many digits; and nothing of other tests is left to settle.
        await AttemptsAsync(connections[..200]);
        await _gateway.RenewAsync();
        await cluster.SettleAsync(
            async () => (await cluster.StatsAsync()).Gateway(_gateway.Id)?.Connections == count
                && cluster.Silos.All(silo => silo.ServiceProvider.GetRequiredService<MigrationCollector>().IsSettled),
            $"the count of {count} connections");

        // One round: each silo pushes once, and the monitor ticks until that is in the store.
        await AttemptsAsync(connections[..10]);
        var written = cluster.Storage.NextWriteAsync(Monitor.GetGrainId());
        CallMeter.Start();
        await cluster.StatsAsync();
        await written.WaitAsync(TimeSpan.FromSeconds(10));
        var calls = CallMeter.Stop().Where(call => !call.Method.Contains("Callback", StringComparison.Ordinal)).ToList();

        // One question to the registry a tick, of which there may be one or two.
        var kinds = calls.GroupBy(call => call.Method).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key.EndsWith("GetLiveness", StringComparison.Ordinal) ? $"{group.Key} a tick" : $"{group.Key} x {group.Count()}");
        return (string.Join(", ", kinds), calls.Sum(call => call.Bytes), cluster.Storage.BytesOf(Monitor.GetGrainId()));
    }

    private async Task AttemptsAsync(IEnumerable<IConnectionGrain> connections)
    {
        foreach (var connection in connections)
        {
            await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted, milliseconds: 5));
        }
    }

    [Fact]
    public async Task TheSumsOutliveTheMonitor()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted));
        var before = await cluster.StatsAsync();

        await cluster.MoveAsync(Monitor);
        var after = await cluster.StatsAsync();

        Assert.Equal(before.Totals, after.Totals);
        Assert.Equal(before.Connections, after.Connections);
        Assert.Equal(before.Since, after.Since);
    }

    [Fact]
    public async Task AfterAResetOnlyWhatComesAndWhatIsInFlightCounts()
    {
        await _gateway.RenewAsync();
        var (first, second) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        await _gateway.ReportAsync(first, _gateway.Event(first, Detected), _gateway.Event(first, Validated, milliseconds: 5_000));
        await _gateway.ReportAsync(second, _gateway.Event(second, Detected));

        // This attempt begins on one silo and ends on the other.
        var moved = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(moved, _gateway.Event(moved, Detected));
        await cluster.MoveAsync(moved);
        await _gateway.ReportAsync(moved, _gateway.Event(moved, Reverted));
        await moved.Unregister("the client left");
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));

        // The monitor knows of silos by their reports. What was acknowledged just before is part of what goes.
        await cluster.StatsAsync();
        await Monitor.Reset();
        var reset = await cluster.StatsAsync();
        var part = Part(reset);
        Assert.Equal((2, 1, MigrationTotals.Zero with { Started = 1 }), (part.Connections, part.Migrating, part.Totals));
        Assert.All(reset.Silos, silo => Assert.Equal(MigrationTotals.Zero with { Started = silo.Totals.InFlight }, silo.Totals));
        Assert.All(reset.Silos, silo => Assert.InRange(silo.Totals.Started, 0, reset.Totals.Started));
        Assert.All(
            reset.Silos,
            silo => Assert.Equal(silo.Totals, silo.ByKind.PortOnly.Plus(silo.ByKind.Address).Plus(silo.ByKind.Family)));
        Assert.Equal(DurationHistogram.Empty, part.Histogram);

        await _gateway.ReportAsync(second, _gateway.Event(second, Validated, milliseconds: 20));
        await cluster.MoveAsync(Monitor);
        var stats = await cluster.StatsAsync();
        Assert.Equal(cluster.Clock.GetUtcNow(), stats.Since);
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Completed = 1 }, Part(stats).Totals);
        Assert.InRange(Part(stats).Histogram.MaxMs, 20, 21.3);
        Assert.Equal(stats.Totals.InFlight, stats.Migrating);
    }

    [Fact]
    public async Task AResetWaitsForSilosThatHaveNotSaidWhatTheyCounted()
    {
        await cluster.StatsAsync();
        await cluster.DeactivateAsync(Monitor);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(Monitor.Reset);

        Assert.All(cluster.Silos, silo => Assert.Contains(silo.Name, refused.Message, StringComparison.Ordinal));
        await cluster.StatsAsync();
        await Monitor.Reset();
    }

    [Fact]
    public async Task AGatewayThatHoldsItsLeaseIsAskedForWhatIsOverdue()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        for (var renewal = 0; renewal < 4; renewal++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await _gateway.RenewAsync();
        }

        await cluster.EndLostAsync();

        Assert.Equal(connection.GetPrimaryKeyString(), await _gateway.NextAsync(_gateway.Checks, "a question for the overdue attempt"));
        Assert.True(await connection.IsMigrating());
    }

    [Fact]
    public async Task EveryOverdueAttemptIsAskedForInTurn()
    {
        const int Overdue = 250;
        await _gateway.RenewAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, Overdue).Select(_ => _gateway.ConnectAsync(Guid.NewGuid().ToString("N"))));
        await Task.WhenAll(connections.Select(connection => _gateway.ReportAsync(connection, _gateway.Event(connection, Detected))));
        for (var renewal = 0; renewal < 4; renewal++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await _gateway.RenewAsync();
        }

        // None of them ends, so in each round there are as many.
        for (var round = 0; round < 3; round++)
        {
            await cluster.EndLostAsync();
            cluster.Clock.Advance(TimeSpan.FromSeconds(6));
            await _gateway.RenewAsync();
        }

        var asked = new HashSet<string>();
        while (asked.Count < Overdue)
        {
            asked.Add(await _gateway.NextAsync(_gateway.Checks, $"the questions for {Overdue} attempts, of which {asked.Count} came"));
        }
    }

    [Fact]
    public async Task ALowerTimeOutHoldsForAttemptsInFlight()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        try
        {
            await Monitor.SetTimeout(TimeSpan.FromSeconds(2));
            await cluster.LearnAsync();
            cluster.Clock.Advance(TimeSpan.FromSeconds(8));
            await cluster.EndLostAsync();

            Assert.Equal(connection.GetPrimaryKeyString(), await _gateway.NextAsync(_gateway.Checks, "a question for the overdue attempt"));
        }
        finally
        {
            await Monitor.SetTimeout(TimeSpan.FromSeconds(30));
            await cluster.LearnAsync();
        }
    }

    [Fact]
    public async Task ConnectionsOfAGatewayThatNobodyRemembersEnd()
    {
        var (stable, migrating) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        cluster.Clock.Advance(TimeSpan.FromSeconds(55));
        await _gateway.ReportAsync(migrating, _gateway.Event(migrating, Detected));
        await cluster.EndLostAsync();
        Assert.NotNull(await stable.GetSnapshot());

        cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await cluster.EndLostAsync();

        Assert.Null(await stable.GetSnapshot());
        Assert.Equal("gateway lost", (await migrating.GetSnapshot())!.FailureReason);
        await LeftUserAsync();
    }

    [Fact]
    public async Task ASiloThatDiedBeforeItsFirstReportIsReadFromItsConnectionsRecords()
    {
        var silo = cluster.Silos[0];
        var dead = SiloAddress.New(silo.SiloAddress.Endpoint, silo.SiloAddress.Generation - 1_000).ToParsableString();
        var sums = GatewaySums.Zero with { Registered = 1, Unregistered = 1, Totals = MigrationTotals.Zero with { Started = 3, Reverted = 2, Failed = 1 } };
        var record = new ConnectionRecord
        {
            Tallies = [new(Guid.NewGuid(), dead, _gateway.Id, sums), new(Guid.NewGuid(), dead, _gateway.Id, sums)],
        };
        var connection = cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        var serializer = silo.ServiceProvider.GetRequiredService<Serializer>();
        cluster.Storage.Put(connection.GetGrainId(), "connection", serializer.SerializeToArray(record));
        await cluster.Index.AddAsync(dead, connection.GetPrimaryKeyString());

        // This one's record cannot be read at first, which must not hold up the others.
        var bad = cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        cluster.Storage.Put(bad.GetGrainId(), "connection", serializer.SerializeToArray(
            new ConnectionRecord { Tallies = [new(Guid.NewGuid(), dead, _gateway.Id, sums)] }));
        await cluster.Index.AddAsync(dead, bad.GetPrimaryKeyString());
        cluster.Storage.RefuseReads(bad.GetGrainId(), true);

        // Nothing is there for this one: its silo died between the entry and the record.
        await cluster.Index.AddAsync(dead, Guid.NewGuid().ToString("N"));

        // Membership may not know of it any more; then a minute's silence tells.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var tries = 0; tries < 100 && cluster.Storage.Contains(connection.GetGrainId()); tries++)
        {
            await timer.WaitForNextTickAsync();
            cluster.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.False(cluster.Storage.Contains(connection.GetGrainId()));
        Assert.Equal([dead], (await cluster.Index.GetIncarnationsAsync()).Where(life => life == dead));
        cluster.Storage.RefuseReads(bad.GetGrainId(), false);
        for (var tries = 0; tries < 100 && (await cluster.Index.GetIncarnationsAsync()).Contains(dead); tries++)
        {
            await timer.WaitForNextTickAsync();
        }

        Assert.DoesNotContain(dead, await cluster.Index.GetIncarnationsAsync());
        Assert.False(cluster.Storage.Contains(connection.GetGrainId()));
        var part = Part(await Monitor.GetMigrationStats());
        Assert.Equal((0, MigrationTotals.Zero with { Started = 9, Reverted = 6, Failed = 3 }), (part.Connections, part.Totals));
    }

    [Fact]
    public async Task TheConnectionsOfALostGatewayEnd()
    {
        await _gateway.RenewAsync();
        var (stable, migrating) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        await _gateway.ReportAsync(migrating, _gateway.Event(migrating, Detected));

        cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        await cluster.EndLostAsync();
        Assert.NotNull(await stable.GetSnapshot());
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.EndLostAsync();

        Assert.Null(await stable.GetSnapshot());
        Assert.True(await migrating.HasMigrationFailed());
        Assert.Equal("gateway lost", (await migrating.GetSnapshot())!.History[^1].Reason);
        await LeftUserAsync();
        Assert.DoesNotContain(await Registry.GetGateways(), gateway => gateway.GatewayId == _gateway.Id);
        var part = Part(await cluster.StatsAsync());
        Assert.Equal((0, 1), (part.Connections, part.Totals.Failed));
    }

    [Fact]
    public async Task AGatewayThatComesBackRegistersAgain()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.EndLostAsync();

        await _gateway.RenewAsync();
        Assert.False((await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected))).Registered);
        await connection.Register(_gateway.Registration(_user));
        await cluster.EndLostAsync();

        Assert.NotNull(await connection.GetSnapshot());
        Assert.Equal(1, Part(await cluster.StatsAsync()).Connections);
    }

    [Fact]
    public async Task WhatWasAppliedBeforeALeaseWasLostIsNotAppliedAgain()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        PathObservation[] events = [_gateway.Event(connection, Detected), _gateway.Event(connection, Validated, milliseconds: 5)];

        // The answer to this is lost, and so is the lease.
        await _gateway.ReportAsync(connection, events);
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.EndLostAsync();
        Assert.Null(await connection.GetSnapshot());
        await cluster.SettleAsync(IsSettled, "the checkpoint of the closed connection");

        await _gateway.RenewAsync();
        Assert.False((await _gateway.ReportAsync(connection, events)).Registered);
        var snapshot = await connection.Register(_gateway.Registration(_user, "192.0.2.1:2000"));

        Assert.Equal((2, "192.0.2.1:2000", MigrationState.Stable), (snapshot.LastEventNumber, snapshot.RemoteEndPoint, snapshot.State));
        await _gateway.ReportAsync(connection, events);
        var part = Part(await cluster.StatsAsync());
        Assert.Equal((1, 1, 1), (part.Connections, part.Totals.Started, part.Totals.Completed));
        await connection.Unregister("the client left");
        await WhenForgottenAsync(connection);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALostConnectionsNumberIsForgottenAfterTenMinutes(bool moves)
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected), _gateway.Event(connection, Reverted));
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.EndLostAsync();
        await cluster.SettleAsync(IsSettled, "the checkpoint of the closed connection");
        if (moves)
        {
            // Whoever asks has it become active, perhaps elsewhere.
            Assert.Null(await connection.GetSnapshot());
        }

        Assert.True(cluster.Storage.Contains(connection.GetGrainId()));
        cluster.Clock.Advance(TimeSpan.FromMinutes(10));
        await cluster.EndLostAsync();

        await WhenForgottenAsync(connection);
        Assert.Equal(0, (await connection.Register(_gateway.Registration(_user))).LastEventNumber);
    }

    [Fact]
    public async Task ANewProcessOfTheSameNameEndsWhatTheFormerOneHeld()
    {
        await _gateway.RenewAsync();
        var former = await _gateway.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var next = new TestGateway(cluster) { Id = _gateway.Id };
        await next.RenewAsync();
        var latter = await next.ConnectAsync(_user);

        await cluster.EndLostAsync();

        Assert.Null(await former.GetSnapshot());
        Assert.NotNull(await latter.GetSnapshot());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StaleNewsOfALossEndsNothingThatWasRegisteredSince(bool sameProcess)
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        var news = await cluster.LivenessAsync();
        Assert.Contains(news.Lost, gateway => gateway.GatewayId == _gateway.Id);
        var next = sameProcess ? _gateway : new TestGateway(cluster) { Id = _gateway.Id };
        await next.RenewAsync();
        await (sameProcess ? connection : await next.ConnectAsync(_user)).Register(next.Registration(_user));

        await cluster.EndLostAsync(news);

        Assert.Equal(sameProcess, await connection.GetSnapshot() is not null);
        Assert.Equal(1, Part(await cluster.StatsAsync()).Connections);
    }

    [Fact]
    public async Task StaleNewsOfALossEndsNothingThatHasMovedSince()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        var news = await cluster.LivenessAsync();
        await _gateway.RenewAsync();
        await connection.Register(_gateway.Registration(_user));
        await cluster.MoveAsync(connection);
        Assert.NotNull(await connection.GetSnapshot());

        await cluster.EndLostAsync(news);

        Assert.NotNull(await connection.GetSnapshot());
    }

    [Fact]
    public async Task ARegistrationThatArrivesAfterItsLeaseWasLostEnds()
    {
        await _gateway.RenewAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await cluster.LivenessAsync();
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var connection = await _gateway.ConnectAsync(_user);

        await cluster.EndLostAsync();

        Assert.Null(await connection.GetSnapshot());
    }

    [Fact]
    public async Task EachOfTheProcessesOfANameThatDieIsRemembered()
    {
        await _gateway.RenewAsync();
        var first = await _gateway.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var next = new TestGateway(cluster) { Id = _gateway.Id };
        await next.RenewAsync();
        var second = await next.ConnectAsync(_user);
        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await new TestGateway(cluster) { Id = _gateway.Id }.RenewAsync();

        await cluster.EndLostAsync();

        Assert.Null(await first.GetSnapshot());
        Assert.Null(await second.GetSnapshot());
    }

    [Fact]
    public async Task AnAttemptOfAGatewayWithoutALeaseEndsAfterItsDeadline()
    {
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));

        cluster.Clock.Advance(TimeSpan.FromSeconds(34));
        await cluster.EndLostAsync();
        Assert.True(await connection.IsMigrating());
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.EndLostAsync();

        Assert.True(await connection.HasMigrationFailed());
    }

    [Fact]
    public async Task AnAttemptOfAGatewayWithALeaseIsLeftToIt()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        for (var renewal = 0; renewal < 10; renewal++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(9));
            await _gateway.RenewAsync();
        }

        await cluster.EndLostAsync();

        Assert.True(await connection.IsMigrating());
    }

    [Fact]
    public async Task AFailureIsListedThoughTheMonitorDiesBeforeItHasWrittenIt()
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        await cluster.StatsAsync();
        cluster.Storage.RefuseWrites(Monitor.GetGrainId(), true);
        try
        {
            await connection.FailMigration("an operator said so");
            await cluster.StatsAsync();
            Assert.Contains(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == _user);

            await cluster.DeactivateAsync(Monitor);
            Assert.DoesNotContain(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == _user);
        }
        finally
        {
            cluster.Storage.RefuseWrites(Monitor.GetGrainId(), false);
        }

        await cluster.StatsAsync();
        Assert.Contains(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == _user);
    }

    private bool IsSettled() => cluster.Silos.All(silo => silo.ServiceProvider.GetRequiredService<MigrationCollector>().IsSettled);

    private Task WhenForgottenAsync(IConnectionGrain connection) => cluster.SettleAsync(
        () => !cluster.Storage.Contains(connection.GetGrainId()) && !cluster.Index.Contains(connection.GetPrimaryKeyString()),
        "the end of the connection's record");

    private IGatewayRegistryGrain Registry => cluster.Grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);

    // A connection that fails does not wait for its user to take note of it.
    private Task LeftUserAsync() => cluster.SettleAsync(
        async () => (await cluster.Grains.GetGrain<IUserGrain>(_user).GetConnections()).IsEmpty, "the leaving of the user by all connections");

    private MigrationStatsPart Part(MigrationStats stats) => Assert.Single(stats.Gateways, gateway => gateway.Id == _gateway.Id);
}
