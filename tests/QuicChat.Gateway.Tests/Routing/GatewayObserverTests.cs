using System.Net;
using QuicChat.Abstractions.Connections;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Routing;

public sealed class GatewayObserverTests
{
    [Fact]
    public async Task The_cluster_can_close_a_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var other = await gateway.ConnectAsync("bob");

        await gateway.Observer.CloseConnection(client.Connection.Id.ToString(), (int)ErrorCode.Kicked, "rude");

        Assert.Equal((ErrorCode.Kicked, "rude"), await client.Connection.ClosedByGatewayAsync());
        await other.PingAsync();
    }

    [Fact]
    public async Task A_connection_that_the_cluster_asks_for_reports_again_and_ends_an_attempt_that_has_ended_here()
    {
        await using var gateway = new TestGateway(options => options.PathReportDelay = TimeSpan.Zero);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);

        await gateway.Observer.CheckConnections([client.Connection.Id.ToString()]);

        await grain.Calls.ReachedAsync("ReportApplied", 1);
        Assert.Equal(PathObservationType.Unknown, Assert.Single(grain.Applied).Type);
        Assert.Equal(2, grain.Registrations.Count);
    }

    [Fact]
    public async Task An_attempt_that_is_in_flight_is_left_to_the_engine()
    {
        await using var gateway = new TestGateway(options => options.PathReportDelay = TimeSpan.Zero);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var (from, to) = (client.Connection.CurrentPath, client.Connection.CurrentPath with { Remote = new IPEndPoint(IPAddress.Loopback, 50_001) });
        client.Connection.Raise(new PathEvent.Detected(from, to, PathChangeKind.PortOnly, gateway.Time.GetUtcNow()));
        await grain.Calls.ReachedAsync("ReportApplied", 1);

        await gateway.Observer.CheckConnections([client.Connection.Id.ToString()]);

        await grain.Calls.ReachedAsync("Register", 2);
        client.Connection.Raise(new PathEvent.Reverted(from, TimeSpan.FromSeconds(1), gateway.Time.GetUtcNow()));
        await grain.Calls.ReachedAsync("ReportApplied", 2);
        Assert.Equal([PathObservationType.Detected, PathObservationType.Reverted], grain.Applied.Select(applied => applied.Type));
    }

    [Fact]
    public async Task A_connection_that_the_cluster_asks_for_while_it_ends_stays_unregistered()
    {
        await using var gateway = new TestGateway(options => options.PathReportDelay = TimeSpan.Zero);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var answer = new TaskCompletionSource();
        grain.Calls.Before = method => method == "Unregistered" ? answer.Task : Task.CompletedTask;
        client.Connection.Leave();
        await grain.Calls.ReachedAsync("Unregistered", 1);

        await gateway.Observer.CheckConnections([client.Connection.Id.ToString()]);
        answer.SetResult();
        await gateway.Sessions.StopAsync(CancellationToken.None);

        Assert.False(grain.IsRegistered);
        Assert.Single(grain.Registrations);
    }

    [Fact]
    public async Task A_connection_that_the_cluster_asks_for_and_that_is_not_here_is_unregistered()
    {
        await using var gateway = new TestGateway();
        var id = ConnectionId.Create(9);

        await gateway.Observer.CheckConnections([id.ToString(), "no ID"]);

        await gateway.Cluster.Connection(id).Calls.ReachedAsync("Unregistered", 1);
        Assert.Equal(1, gateway.Metrics["quicchat.push.ignored{push=check}"]);
    }

    [Fact]
    public async Task Connections_that_are_not_here_are_ignored_and_counted()
    {
        await using var gateway = new TestGateway();

        await gateway.Observer.CloseConnection(ConnectionId.Create(9).ToString(), (int)ErrorCode.Kicked, "");
        await gateway.Observer.CloseConnection("no ID", (int)ErrorCode.Kicked, "");

        Assert.Equal(2, gateway.Metrics["quicchat.push.ignored{push=close}"]);
    }
}
