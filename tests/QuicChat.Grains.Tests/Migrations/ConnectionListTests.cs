using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>The list of the cluster's connections, as the monitor puts it together from what silos answer.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class ConnectionListTests(ClusterFixture cluster)
{
    private readonly TestGateway _gateway = new(cluster);
    private readonly string _user = Guid.NewGuid().ToString("N");

    private IMigrationMonitorGrain Monitor => cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);

    [Fact]
    public async Task ConnectionsOfAllSilosAreListedTheNewestFirst()
    {
        await _gateway.RenewAsync();
        List<IConnectionGrain> oldestFirst = [];
        for (var number = 0; number < 4; number++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
            oldestFirst.Add(await _gateway.ConnectAsync(_user, $"192.0.2.1:{1_000 + number}"));
        }

        // Wherever they were placed: now both silos have some.
        await PlaceAsync(oldestFirst[0], cluster.Silos[0]);
        await PlaceAsync(oldestFirst[1], cluster.Silos[1]);
        await MoveClientAsync(oldestFirst[2], "192.0.2.1:1002", "192.0.2.9:77");

        var list = await ListAsync(new ConnectionFilter(_user), 10);

        Assert.Equal(4, list.Total);
        Assert.Empty(list.Missing);
        Assert.Equal(oldestFirst.Select(Id).Reverse(), list.Connections.Select(connection => connection.ConnectionId));
        Assert.Equal([cluster.Silos[1].Name, cluster.Silos[0].Name], list.Connections[2..].Select(connection => connection.Silo));
        Assert.Equal(
            new ConnectionSummary(
                Id(oldestFirst[2]), _user, _gateway.Id, list.Connections[1].Silo, MigrationState.Stable, "192.0.2.9:77", ConnectedAt(2), 1),
            list.Connections[1]);
        Assert.Equal([0, 1, 0, 0], list.Connections.Select(connection => connection.MigrationCount));

        DateTimeOffset ConnectedAt(int number) => cluster.Clock.GetUtcNow() - TimeSpan.FromSeconds(3 - number);
    }

    [Fact]
    public async Task OfTheSameTimeTheOrderIsThatOfTheIds()
    {
        await _gateway.RenewAsync();
        var connections = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _gateway.ConnectAsync(_user)));
        await PlaceAsync(connections[0], cluster.Silos[0]);
        await PlaceAsync(connections[1], cluster.Silos[1]);
        var expected = connections.Select(Id).Order(StringComparer.Ordinal).ToList();

        foreach (var limit in (int[])[1, 5, 12, IMigrationMonitorGrain.MostConnections])
        {
            var list = await ListAsync(new ConnectionFilter(_user), limit);
            Assert.Equal(expected.Take(limit), list.Connections.Select(connection => connection.ConnectionId));
            Assert.Equal(12, list.Total);
        }
    }

    [Fact]
    public async Task FiltersHoldTogether()
    {
        var other = new TestGateway(cluster);
        var stranger = Guid.NewGuid().ToString("N");
        await Task.WhenAll(_gateway.RenewAsync(), other.RenewAsync());
        var (mine, moving) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        var (elsewhere, strangers) = (await other.ConnectAsync(_user), await _gateway.ConnectAsync(stranger));
        await _gateway.ReportAsync(moving, _gateway.Event(moving, Detected));

        await ListsAsync(new ConnectionFilter(_user), mine, moving, elsewhere);
        await ListsAsync(new ConnectionFilter(GatewayId: _gateway.Id), mine, moving, strangers);
        await ListsAsync(new ConnectionFilter(_user, _gateway.Id), mine, moving);
        await ListsAsync(new ConnectionFilter(_user, _gateway.Id, MigrationState.Migrating), moving);
        await ListsAsync(new ConnectionFilter(_user, State: MigrationState.Stable), mine, elsewhere);
        await ListsAsync(new ConnectionFilter(_user, other.Id, MigrationState.Migrating));
        await ListsAsync(new ConnectionFilter(_user, State: MigrationState.MigrationCompleted));
        await ListsAsync(new ConnectionFilter("nobody"));
        await ListsAsync(new ConnectionFilter(GatewayId: "gw-none"));

        await moving.Unregister("the client left");
        await ListsAsync(new ConnectionFilter(_user, _gateway.Id), mine);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFailedConnectionIsListedUnderItsStateUntilItIsForgotten(bool isMigrating)
    {
        await _gateway.RenewAsync();
        var connection = await _gateway.ConnectAsync(_user);
        if (isMigrating)
        {
            await _gateway.ReportAsync(connection, _gateway.Event(connection, Detected));
        }

        Assert.True(await connection.FailMigration("an operator said so"));

        var failed = new ConnectionFilter(_user, State: MigrationState.MigrationFailed);
        await ListsAsync(new ConnectionFilter(_user));
        await ListsAsync(failed, connection);
        Assert.Equal(MigrationState.MigrationFailed, (await ListAsync(failed, 10)).Connections[0].State);

        // Another silo goes on with it.
        await cluster.MoveAsync(connection);
        Assert.True(await connection.HasMigrationFailed());
        await ListsAsync(failed, connection);

        cluster.Clock.Advance(cluster.Silos[0].ServiceProvider.GetRequiredService<IOptions<MigrationOptions>>().Value.FailedConnectionKept);
        await cluster.EndLostAsync();
        await ListsAsync(failed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(IMigrationMonitorGrain.MostConnections + 1)]
    public async Task ALimitOutOfRangeIsRefused(int limit)
    {
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Monitor.GetConnections(new ConnectionFilter(), limit));

        Assert.Contains("from 1 to 10000", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ASiloThatDoesNotAnswerIsNamed(bool answersWithAnError)
    {
        await _gateway.RenewAsync();
        var (first, second) = (await _gateway.ConnectAsync(_user), await _gateway.ConnectAsync(_user));
        await PlaceAsync(first, cluster.Silos[0]);
        await PlaceAsync(second, cluster.Silos[1]);
        await cluster.StatsAsync();

        // The second silo's own report, but for the address to ask it at.
        var (silo, services) = (cluster.Silos[1], cluster.Silos[1].ServiceProvider);
        var (registered, migrating) = services.GetRequiredService<ActiveConnections>().Count;
        var deaf = new DeafSilo(answersWithAnError);
        var report = services.GetRequiredService<MigrationCollector>()
            .Report(silo.Name, silo.SiloAddress.ToParsableString(), registered, migrating);
        await cluster.Grains.GetGrain<IMigrationCheckpoint>(IMigrationMonitorGrain.Key)
            .Push(report, cluster.Grains.CreateObjectReference<IMigrationCollectorObserver>(deaf));

        var list = await Monitor.GetConnections(new ConnectionFilter(_user), 10);

        Assert.Equal([silo.Name], list.Missing);
        Assert.Equal([silo.Name], (await Monitor.GetMigratingConnections(10)).Missing);
        Assert.Equal((1, Id(first)), (list.Total, Assert.Single(list.Connections).ConnectionId));
        await ListsAsync(new ConnectionFilter(_user), first, second);
        GC.KeepAlive(deaf);
    }

    [Fact]
    public async Task ASiloThatTheMonitorHasNotHeardOfYetIsNamed()
    {
        await cluster.StatsAsync();
        await cluster.MoveAsync(Monitor);

        var list = await Monitor.GetConnections(new ConnectionFilter(_user), 10);

        Assert.Equal(cluster.Silos.Select(silo => silo.Name).Order(StringComparer.Ordinal), list.Missing);
        Assert.Empty((await ListAsync(new ConnectionFilter(_user), 10)).Missing);
    }

    [Fact]
    public void AConnectionThatMovedBetweenTwoAnswersIsListedOnce()
    {
        var moved = new ConnectionSummary("a", _user, "gw-1", "silo-1", MigrationState.Stable, "192.0.2.1:1000", DateTimeOffset.UnixEpoch, 0);
        var other = moved with { ConnectionId = "b", ConnectedAt = DateTimeOffset.UnixEpoch.AddSeconds(1) };

        var list = ConnectionList.Merge(
            [new(2, [other, moved], []), new(7, [moved with { Silo = "silo-2" }], ["silo-3"]), new(0, [], ["silo-3"])], 10);

        Assert.Equal(8, list.Total);
        Assert.Equal([other, moved], list.Connections);
        Assert.Equal(["silo-3"], list.Missing);
    }

    private static string Id(IConnectionGrain connection) => connection.GetPrimaryKeyString();

    private async Task PlaceAsync(IConnectionGrain connection, Orleans.TestingHost.InProcessSiloHandle silo)
    {
        var at = await cluster.Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(connection);
        if (!silo.SiloAddress.Equals(at))
        {
            await cluster.MoveAsync(connection);
            Assert.NotNull(await connection.GetSnapshot());
        }
    }

    private async Task MoveClientAsync(IConnectionGrain connection, string from, string to) => await _gateway.ReportAsync(
        connection, _gateway.Event(connection, Detected, from, to), _gateway.Event(connection, Validated, from, to, milliseconds: 5));

    private async Task ListsAsync(ConnectionFilter filter, params IConnectionGrain[] expected)
    {
        var list = await ListAsync(filter, IMigrationMonitorGrain.MostConnections);
        Assert.Equal(expected.Select(Id).Order(StringComparer.Ordinal), list.Connections.Select(connection => connection.ConnectionId).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, list.Total);
    }

    private async Task<ConnectionList> ListAsync(ConnectionFilter filter, int limit)
    {
        // The monitor knows of silos by their reports.
        await cluster.StatsAsync();
        return await Monitor.GetConnections(filter, limit);
    }

    /// <summary>Where a silo should answer that does not.</summary>
    private sealed class DeafSilo(bool answersWithAnError) : IMigrationCollectorObserver
    {
        public Task<ImmutableArray<MigratingConnection>> GetMigrating(int limit) => Answer<ImmutableArray<MigratingConnection>>();

        public Task<ConnectionList> GetConnections(ConnectionFilter filter, int limit) => Answer<ConnectionList>();

        public Task Report() => Answer<bool>();

        private Task<T> Answer<T>()
            => answersWithAnError ? Task.FromException<T>(new IOException("The test has this silo fail.")) : new TaskCompletionSource<T>().Task;
    }
}
