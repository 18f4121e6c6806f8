using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

[Collection(ClusterFixture.Serial)]
public sealed class MigrationMonitorTests(ClusterFixture cluster, ITestOutputHelper output) : MonitorTests(cluster)
{
    [Fact]
    public async Task ConnectionsAreCountedByGatewayAndBySilo()
    {
        await Gateway.RenewAsync();
        var before = await Cluster.StatsAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Gateway.ConnectAsync(User)));

        var stats = await Cluster.StatsAsync();
        Assert.Equal(20, stats.Connections - before.Connections);
        Assert.Equal(20, Part(stats).Connections);
        Assert.Equal(stats.Connections, stats.Silos.Sum(silo => silo.Connections));
        Assert.All(Cluster.Silos, silo => Assert.NotNull(stats.Silo(silo.Name)));

        await Task.WhenAll(connections.Select(connection => connection.Unregister("the client left")));
        stats = await Cluster.StatsAsync();
        Assert.Equal(before.Connections, stats.Connections);
        Assert.Equal(0, Part(stats).Connections);
    }

    [Fact]
    public async Task AMoveToAnotherSiloKeepsTheCount()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Cluster.MoveAsync(connection);
        Assert.False(await connection.IsMigrating());

        var stats = await Cluster.StatsAsync();

        Assert.Equal(1, Part(stats).Connections);
        Assert.Equal(stats.Connections, stats.Silos.Sum(silo => silo.Connections));
    }

    [Fact]
    public async Task RandomAttemptsAreAddedUpExactly()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await Gateway.RenewAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Gateway.ConnectAsync(User)));
        for (var round = 0; round < 8; round++)
        {
            var reports = connections.Select(connection => (
                Connection: connection,
                Events: Enumerable.Range(0, random.Next(1, 6)).Select(_ => Gateway.Event(
                    connection, (PathObservationType)random.Next(0, 4), to: $"192.0.2.1:{random.Next(2_000, 2_004)}")).ToArray())).ToList();
            await Task.WhenAll(reports.Select(report => Gateway.ReportAsync(report.Connection, report.Events)));
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

        var part = Part(await Cluster.StatsAsync());
        Assert.Equal(truth, part.Totals);
        Assert.Equal(truth.InFlight, part.Migrating);
        Assert.Equal(
            truth.InFlight, (await Monitor.GetMigratingConnections(1_000)).Connections.Count(connection => connection.GatewayId == Gateway.Id));
    }

    [Fact]
    public async Task WhatMigratesAndWhatFailedIsListed()
    {
        await Gateway.RenewAsync();
        var (first, second) = (await Gateway.ConnectAsync(User), await Gateway.ConnectAsync(User));
        await Gateway.ReportAsync(first, Gateway.Event(first, Detected));
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await Gateway.ReportAsync(second, Gateway.Event(second, Detected));

        // The monitor knows of silos by their reports.
        await Cluster.StatsAsync();
        var migrating = (await Monitor.GetMigratingConnections(1_000)).Connections.Where(connection => connection.GatewayId == Gateway.Id).ToList();
        Assert.Equal([first.GetPrimaryKeyString(), second.GetPrimaryKeyString()], migrating.Select(connection => connection.ConnectionId));
        Assert.Equal((User, "192.0.2.1:1000", "192.0.2.1:2000"), (migrating[0].UserId, migrating[0].From, migrating[0].To));
        Assert.Single((await Monitor.GetMigratingConnections(1)).Connections);
        Assert.Empty((await Monitor.GetMigratingConnections(-1)).Connections);

        await Gateway.ReportAsync(first, Gateway.Event(first, Failed, milliseconds: 1_000, reason: "no answer"));
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await second.FailMigration("an operator said so"));
        await Cluster.StatsAsync();

        var failed = (await Monitor.GetFailedMigrations(1_000)).Where(migration => migration.UserId == User).ToList();
        Assert.Equal(["an operator said so", "no answer"], failed.Select(migration => migration.Reason));
        Assert.Equal(["an operator said so", "no answer"], failed.Select(migration => migration.Attempt!.Reason));
        Assert.DoesNotContain((await Monitor.GetMigratingConnections(1_000)).Connections, connection => connection.GatewayId == Gateway.Id);
        Assert.Equal((2, 0), (Part(await Cluster.StatsAsync()).Totals.Failed, Part(await Cluster.StatsAsync()).Connections));
    }

    [Fact]
    public async Task AConnectionThatFailedWithNoAttemptInFlightIsListedToo()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await connection.FailMigration("an operator said so");
        await Cluster.StatsAsync();

        var failed = Assert.Single(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == User);
        Assert.Equal(
            (connection.GetPrimaryKeyString(), Cluster.Clock.GetUtcNow(), null, "an operator said so", Gateway.Id),
            (failed.ConnectionId, failed.FailedAt, failed.Attempt, failed.Reason, failed.GatewayId));
    }

    [Fact]
    public async Task DurationsOfCompletedAttemptsBecomePercentiles()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        var (from, to) = ("192.0.2.1:1000", "192.0.2.1:2000");
        for (var attempt = 0; attempt < 4; attempt++)
        {
            await Gateway.ReportAsync(
                connection, Gateway.Event(connection, Detected, from, to), Gateway.Event(connection, Validated, from, to, milliseconds: 29_999));
            (from, to) = (to, from);
        }

        var stats = await Cluster.StatsAsync();

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
        await Gateway.RenewAsync();

        // Who observes hears each attempt from the silos; the monitor has no part in it.
        var observer = new TestObserver(Cluster.Grains);
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

    [Fact]
    public async Task TheSumsOutliveTheMonitor()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected), Gateway.Event(connection, Reverted));
        var before = await Cluster.StatsAsync();

        await Cluster.MoveAsync(Monitor);
        var after = await Cluster.StatsAsync();

        Assert.Equal(before.Totals, after.Totals);
        Assert.Equal(before.Connections, after.Connections);
        Assert.Equal(before.Since, after.Since);
    }

    [Fact]
    public async Task AfterAResetOnlyWhatComesAndWhatIsInFlightCounts()
    {
        await Gateway.RenewAsync();
        var (first, second) = (await Gateway.ConnectAsync(User), await Gateway.ConnectAsync(User));
        await Gateway.ReportAsync(first, Gateway.Event(first, Detected), Gateway.Event(first, Validated, milliseconds: 5_000));
        await Gateway.ReportAsync(second, Gateway.Event(second, Detected));

        // This attempt begins on one silo and ends on the other.
        var moved = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(moved, Gateway.Event(moved, Detected));
        await Cluster.MoveAsync(moved);
        await Gateway.ReportAsync(moved, Gateway.Event(moved, Reverted));
        await moved.Unregister("the client left");
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));

        // The monitor knows of silos by their reports. What was acknowledged just before is part of what goes.
        await Cluster.StatsAsync();
        await Monitor.Reset();
        var reset = await Cluster.StatsAsync();
        var part = Part(reset);
        Assert.Equal((2, 1, MigrationTotals.Zero with { Started = 1 }), (part.Connections, part.Migrating, part.Totals));
        Assert.All(reset.Silos, silo => Assert.Equal(MigrationTotals.Zero with { Started = silo.Totals.InFlight }, silo.Totals));
        Assert.All(reset.Silos, silo => Assert.InRange(silo.Totals.Started, 0, reset.Totals.Started));
        Assert.All(
            reset.Silos,
            silo => Assert.Equal(silo.Totals, silo.ByKind.PortOnly.Plus(silo.ByKind.Address).Plus(silo.ByKind.Family)));
        Assert.Equal(DurationHistogram.Empty, part.Histogram);

        await Gateway.ReportAsync(second, Gateway.Event(second, Validated, milliseconds: 20));
        await Cluster.MoveAsync(Monitor);
        var stats = await Cluster.StatsAsync();
        Assert.Equal(Cluster.Clock.GetUtcNow(), stats.Since);
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Completed = 1 }, Part(stats).Totals);
        Assert.InRange(Part(stats).Histogram.MaxMs, 20, 21.3);
        Assert.Equal(stats.Totals.InFlight, stats.Migrating);
    }

    [Fact]
    public async Task AResetWaitsForSilosThatHaveNotSaidWhatTheyCounted()
    {
        await Cluster.StatsAsync();
        await Cluster.DeactivateAsync(Monitor);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(Monitor.Reset);

        Assert.All(Cluster.Silos, silo => Assert.Contains(silo.Name, refused.Message, StringComparison.Ordinal));
        await Cluster.StatsAsync();
        await Monitor.Reset();
    }

    [Fact]
    public async Task ASiloThatDiedBeforeItsFirstReportIsReadFromItsConnectionsRecords()
    {
        var silo = Cluster.Silos[0];
        var dead = SiloAddress.New(silo.SiloAddress.Endpoint, silo.SiloAddress.Generation - 1_000).ToParsableString();
        var sums = GatewaySums.Zero with { Registered = 1, Unregistered = 1, Totals = MigrationTotals.Zero with { Started = 3, Reverted = 2, Failed = 1 } };
        var record = new ConnectionRecord
        {
            Tallies = [new(Guid.NewGuid(), dead, Gateway.Id, sums), new(Guid.NewGuid(), dead, Gateway.Id, sums)],
        };
        var connection = Cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        var serializer = silo.ServiceProvider.GetRequiredService<Serializer>();
        Cluster.Storage.Put(connection.GetGrainId(), "connection", serializer.SerializeToArray(record));
        await Cluster.Index.AddAsync(dead, connection.GetPrimaryKeyString());

        // This one's record cannot be read at first, which must not hold up the others.
        var bad = Cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        Cluster.Storage.Put(bad.GetGrainId(), "connection", serializer.SerializeToArray(
            new ConnectionRecord { Tallies = [new(Guid.NewGuid(), dead, Gateway.Id, sums)] }));
        await Cluster.Index.AddAsync(dead, bad.GetPrimaryKeyString());
        Cluster.Storage.RefuseReads(bad.GetGrainId(), true);

        // Nothing is there for this one: its silo died between the entry and the record.
        await Cluster.Index.AddAsync(dead, Guid.NewGuid().ToString("N"));

        // Membership may not know of it any more; then a minute's silence tells.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var tries = 0; tries < 100 && Cluster.Storage.Contains(connection.GetGrainId()); tries++)
        {
            await timer.WaitForNextTickAsync();
            Cluster.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.False(Cluster.Storage.Contains(connection.GetGrainId()));
        Assert.Equal([dead], (await Cluster.Index.GetIncarnationsAsync()).Where(life => life == dead));
        Cluster.Storage.RefuseReads(bad.GetGrainId(), false);
        for (var tries = 0; tries < 100 && (await Cluster.Index.GetIncarnationsAsync()).Contains(dead); tries++)
        {
            await timer.WaitForNextTickAsync();
        }

        Assert.DoesNotContain(dead, await Cluster.Index.GetIncarnationsAsync());
        Assert.False(Cluster.Storage.Contains(connection.GetGrainId()));
        var part = Part(await Monitor.GetMigrationStats());
        Assert.Equal((0, MigrationTotals.Zero with { Started = 9, Reverted = 6, Failed = 3 }), (part.Connections, part.Totals));
    }

    [Fact]
    public async Task AFailureIsListedThoughTheMonitorDiesBeforeItHasWrittenIt()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected));
        await Cluster.StatsAsync();
        Cluster.Storage.RefuseWrites(Monitor.GetGrainId(), true);
        try
        {
            await connection.FailMigration("an operator said so");
            await Cluster.StatsAsync();
            Assert.Contains(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == User);

            await Cluster.DeactivateAsync(Monitor);
            Assert.DoesNotContain(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == User);
        }
        finally
        {
            Cluster.Storage.RefuseWrites(Monitor.GetGrainId(), false);
        }

        await Cluster.StatsAsync();
        Assert.Contains(await Monitor.GetFailedMigrations(1_000), failed => failed.UserId == User);
    }

    private async Task<(string Calls, int BytesSent, int BytesStored)> MeasureAsync(List<IConnectionGrain> connections, int count)
    {
        while (connections.Count < count)
        {
            connections.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(100, count - connections.Count))
                .Select(_ => Gateway.ConnectAsync(Guid.NewGuid().ToString("N")))));
        }

        // As much as before each measurement, so that the sums have as many digits; and nothing of other tests is left to settle.
        await AttemptsAsync(connections[..200]);
        await Gateway.RenewAsync();
        await Cluster.SettleAsync(
            async () => (await Cluster.StatsAsync()).Gateway(Gateway.Id)?.Connections == count
                && Cluster.Silos.All(silo => silo.ServiceProvider.GetRequiredService<MigrationCollector>().IsSettled),
            $"the count of {count} connections");

        // One round: each silo pushes once, and the monitor ticks until that is in the store.
        await AttemptsAsync(connections[..10]);
        var written = Cluster.Storage.NextWriteAsync(Monitor.GetGrainId());
        CallMeter.Start();
        await Cluster.StatsAsync();
        await written.WaitAsync(TimeSpan.FromSeconds(10));
        var calls = CallMeter.Stop().Where(call => !call.Method.Contains("Callback", StringComparison.Ordinal)).ToList();

        // One question to the registry a tick, of which there may be one or two.
        var kinds = calls.GroupBy(call => call.Method).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key.EndsWith("GetLiveness", StringComparison.Ordinal) ? $"{group.Key} a tick" : $"{group.Key} x {group.Count()}");
        return (string.Join(", ", kinds), calls.Sum(call => call.Bytes), Cluster.Storage.BytesOf(Monitor.GetGrainId()));
    }

    private async Task AttemptsAsync(IEnumerable<IConnectionGrain> connections)
    {
        foreach (var connection in connections)
        {
            await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected), Gateway.Event(connection, Reverted, milliseconds: 5));
        }
    }
}
