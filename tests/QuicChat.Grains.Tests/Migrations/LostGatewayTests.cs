using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
using QuicChat.Grains.Tests.Cluster;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>What becomes of the connections of a gateway whose lease has ended.</summary>
[Collection(ClusterFixture.Serial)]
public sealed class LostGatewayTests(ClusterFixture cluster) : MonitorTests(cluster)
{
    [Fact]
    public async Task ConnectionsOfAGatewayThatNobodyRemembersEnd()
    {
        var (stable, migrating) = (await Gateway.ConnectAsync(User), await Gateway.ConnectAsync(User));
        Cluster.Clock.Advance(TimeSpan.FromSeconds(55));
        await Gateway.ReportAsync(migrating, Gateway.Event(migrating, Detected));
        await Cluster.EndLostAsync();
        Assert.NotNull(await stable.GetSnapshot());

        Cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await Cluster.EndLostAsync();

        Assert.Null(await stable.GetSnapshot());
        Assert.Equal("gateway lost", (await migrating.GetSnapshot())!.FailureReason);
        await LeftUserAsync();
    }

    [Fact]
    public async Task TheConnectionsOfALostGatewayEnd()
    {
        await Gateway.RenewAsync();
        var (stable, migrating) = (await Gateway.ConnectAsync(User), await Gateway.ConnectAsync(User));
        await Gateway.ReportAsync(migrating, Gateway.Event(migrating, Detected));

        Cluster.Clock.Advance(TimeSpan.FromSeconds(9));
        await Cluster.EndLostAsync();
        Assert.NotNull(await stable.GetSnapshot());
        Cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await Cluster.EndLostAsync();

        Assert.Null(await stable.GetSnapshot());
        Assert.True(await migrating.HasMigrationFailed());
        Assert.Equal("gateway lost", (await migrating.GetSnapshot())!.History[^1].Reason);
        await LeftUserAsync();
        Assert.DoesNotContain(await Registry.GetGateways(), gateway => gateway.GatewayId == Gateway.Id);
        var part = Part(await Cluster.StatsAsync());
        Assert.Equal((0, 1), (part.Connections, part.Totals.Failed));
    }

    [Fact]
    public async Task AGatewayThatComesBackRegistersAgain()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await Cluster.EndLostAsync();

        await Gateway.RenewAsync();
        Assert.False((await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected))).Registered);
        await connection.Register(Gateway.Registration(User));
        await Cluster.EndLostAsync();

        Assert.NotNull(await connection.GetSnapshot());
        Assert.Equal(1, Part(await Cluster.StatsAsync()).Connections);
    }

    [Fact]
    public async Task WhatWasAppliedBeforeALeaseWasLostIsNotAppliedAgain()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        PathObservation[] events = [Gateway.Event(connection, Detected), Gateway.Event(connection, Validated, milliseconds: 5)];

        // The answer to this is lost, and so is the lease.
        await Gateway.ReportAsync(connection, events);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await Cluster.EndLostAsync();
        Assert.Null(await connection.GetSnapshot());
        await Cluster.SettleAsync(IsSettled, "the checkpoint of the closed connection");

        await Gateway.RenewAsync();
        Assert.False((await Gateway.ReportAsync(connection, events)).Registered);
        var snapshot = await connection.Register(Gateway.Registration(User, "192.0.2.1:2000"));

        Assert.Equal((2, "192.0.2.1:2000", MigrationState.Stable), (snapshot.LastEventNumber, snapshot.RemoteEndPoint, snapshot.State));
        await Gateway.ReportAsync(connection, events);
        var part = Part(await Cluster.StatsAsync());
        Assert.Equal((1, 1, 1), (part.Connections, part.Totals.Started, part.Totals.Completed));
        await connection.Unregister("the client left");
        await WhenForgottenAsync(connection);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALostConnectionsNumberIsForgottenAfterTenMinutes(bool moves)
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        await Gateway.ReportAsync(connection, Gateway.Event(connection, Detected), Gateway.Event(connection, Reverted));
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await Cluster.EndLostAsync();
        await Cluster.SettleAsync(IsSettled, "the checkpoint of the closed connection");
        if (moves)
        {
            // Whoever asks has it become active, perhaps elsewhere.
            Assert.Null(await connection.GetSnapshot());
        }

        Assert.True(Cluster.Storage.Contains(connection.GetGrainId()));
        Cluster.Clock.Advance(TimeSpan.FromMinutes(10));
        await Cluster.EndLostAsync();

        await WhenForgottenAsync(connection);
        Assert.Equal(0, (await connection.Register(Gateway.Registration(User))).LastEventNumber);
    }

    [Fact]
    public async Task ANewProcessOfTheSameNameEndsWhatTheFormerOneHeld()
    {
        await Gateway.RenewAsync();
        var former = await Gateway.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var next = new TestGateway(Cluster) { Id = Gateway.Id };
        await next.RenewAsync();
        var latter = await next.ConnectAsync(User);

        await Cluster.EndLostAsync();

        Assert.Null(await former.GetSnapshot());
        Assert.NotNull(await latter.GetSnapshot());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StaleNewsOfALossEndsNothingThatWasRegisteredSince(bool sameProcess)
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        var news = await Cluster.LivenessAsync();
        Assert.Contains(news.Lost, gateway => gateway.GatewayId == Gateway.Id);
        var next = sameProcess ? Gateway : new TestGateway(Cluster) { Id = Gateway.Id };
        await next.RenewAsync();
        await (sameProcess ? connection : await next.ConnectAsync(User)).Register(next.Registration(User));

        await Cluster.EndLostAsync(news);

        Assert.Equal(sameProcess, await connection.GetSnapshot() is not null);
        Assert.Equal(1, Part(await Cluster.StatsAsync()).Connections);
    }

    [Fact]
    public async Task StaleNewsOfALossEndsNothingThatHasMovedSince()
    {
        await Gateway.RenewAsync();
        var connection = await Gateway.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        var news = await Cluster.LivenessAsync();
        await Gateway.RenewAsync();
        await connection.Register(Gateway.Registration(User));
        await Cluster.MoveAsync(connection);
        Assert.NotNull(await connection.GetSnapshot());

        await Cluster.EndLostAsync(news);

        Assert.NotNull(await connection.GetSnapshot());
    }

    [Fact]
    public async Task ARegistrationThatArrivesAfterItsLeaseWasLostEnds()
    {
        await Gateway.RenewAsync();
        Cluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await Cluster.LivenessAsync();
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var connection = await Gateway.ConnectAsync(User);

        await Cluster.EndLostAsync();

        Assert.Null(await connection.GetSnapshot());
    }

    [Fact]
    public async Task EachOfTheProcessesOfANameThatDieIsRemembered()
    {
        await Gateway.RenewAsync();
        var first = await Gateway.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        var next = new TestGateway(Cluster) { Id = Gateway.Id };
        await next.RenewAsync();
        var second = await next.ConnectAsync(User);
        Cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await new TestGateway(Cluster) { Id = Gateway.Id }.RenewAsync();

        await Cluster.EndLostAsync();

        Assert.Null(await first.GetSnapshot());
        Assert.Null(await second.GetSnapshot());
    }

    private Task WhenForgottenAsync(IConnectionGrain connection) => Cluster.SettleAsync(
        () => !Cluster.Storage.Contains(connection.GetGrainId()) && !Cluster.Index.Contains(connection.GetPrimaryKeyString()),
        "the end of the connection's record");

    private IGatewayRegistryGrain Registry => Cluster.Grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);

    // A connection that fails does not wait for its user to take note of it.
    private Task LeftUserAsync() => Cluster.SettleAsync(
        async () => (await Cluster.Grains.GetGrain<IUserGrain>(User).GetConnections()).IsEmpty, "the leaving of the user by all connections");
}
