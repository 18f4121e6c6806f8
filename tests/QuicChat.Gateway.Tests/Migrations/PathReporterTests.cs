using System.Net;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Policies;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Migrations;

public sealed class PathReporterTests
{
    private static readonly TimeSpan MergeDelay = TimeSpan.FromMilliseconds(10);
    private static readonly NetworkPath First = new(new IPEndPoint(IPAddress.Loopback, 4433), TestConnection.FirstRemote);
    private static readonly NetworkPath Second = First with { Remote = new IPEndPoint(IPAddress.Loopback, 50_001) };
    private static readonly NetworkPath Third = First with { Remote = new IPEndPoint(IPAddress.Parse("127.0.0.3"), 50_000) };

    [Fact]
    public async Task A_quick_change_is_one_report_and_two_notices()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();

        await RaiseAsync(gateway, client, Detected(First, Second, at));
        client.Connection.Raise(Validated(Second, 3, at));

        var started = new MigrationNotice
        {
            Kind = MigrationNotice.Types.Kind.PortOnly,
            Outcome = MigrationNotice.Types.Outcome.Started,
            From = "127.0.0.1:50000",
            To = "127.0.0.1:50001",
        };
        Assert.Equal(started, (await client.Control.ReceiveAsync("a notice"))!.MigrationNotice);
        var ended = new MigrationNotice(started) { Outcome = MigrationNotice.Types.Outcome.Completed, DurationMs = 3 };
        Assert.Equal(ended, (await client.Control.ReceiveAsync("a notice"))!.MigrationNotice);
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("ReportApplied", 1);

        Assert.Equal(
            [
                Observation(1, PathObservationType.Detected, TimeSpan.Zero),
                Observation(2, PathObservationType.Validated, TimeSpan.FromMilliseconds(3)),
            ],
            grain.Applied);
        Assert.Single(grain.Reports);
        Assert.Equal("gw-test", grain.Reports.Single().GatewayId);
        Assert.Equal(1, gateway.Metrics["quicchat.path.detected{kind=port_only}"]);
        Assert.Equal(1, gateway.Metrics["quicchat.path.ended{kind=port_only,outcome=completed}"]);

        PathObservation Observation(long number, PathObservationType type, TimeSpan duration)
            => new(number, type, "127.0.0.1:50000", "127.0.0.1:50001", MigrationKind.PortOnly, at, duration, false, null);
    }

    [Fact]
    public async Task A_slow_change_is_two_reports()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();

        client.Connection.Raise(Detected(First, Third, at));
        await gateway.Time.PassAsync(MergeDelay, "the end of the attempt");
        await grain.Calls.ReachedAsync("ReportApplied", 1);
        client.Connection.Raise(new PathEvent.Reverted(First, TimeSpan.FromSeconds(1), at));
        await grain.Calls.ReachedAsync("ReportApplied", 2);

        Assert.Equal([PathObservationType.Detected, PathObservationType.Reverted], grain.Applied.Select(applied => applied.Type));
        Assert.All(grain.Applied, applied => Assert.Equal(MigrationKind.Address, applied.Kind));
        await gateway.Metrics.ReachedAsync("quicchat.path.reports", 2);
    }

    [Fact]
    public async Task What_happens_during_a_report_goes_with_the_next_one()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        var answer = new TaskCompletionSource();
        grain.Calls.Before = method => method == "ReportApplied" ? answer.Task : Task.CompletedTask;

        await RaiseAsync(gateway, client, Detected(First, Second, at));
        client.Connection.Raise(Validated(Second, 1, at));
        await EndedAsync(client);
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("ReportApplied", 1);
        client.Connection.Raise(Detected(Second, First, at));
        client.Connection.Raise(new PathEvent.Superseded(First, TimeSpan.FromMilliseconds(1), at));
        client.Connection.Raise(Detected(Second, Third, at));
        client.Connection.Raise(Validated(Third, 1, at));
        for (var notice = 0; notice < 2; notice++)
        {
            await EndedAsync(client);
        }

        answer.SetResult();
        await grain.Calls.ReachedAsync("ReportApplied", 2);

        Assert.Equal([1L, 2L, 3L, 4L, 5L], grain.Applied.Select(applied => applied.Number));
        Assert.Equal(
            [
                PathObservationType.Detected, PathObservationType.Validated,
                PathObservationType.Detected, PathObservationType.Detected, PathObservationType.Validated,
            ],
            grain.Applied.Select(applied => applied.Type));
        Assert.Equal([2, 3], grain.Reports.Select(report => report.Events.Length));
    }

    [Fact]
    public async Task A_report_without_an_answer_is_made_again_and_applied_once()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        grain.Calls.Fail("ReportApplied", 2);

        await RaiseAsync(gateway, client, Detected(First, Second, at));
        client.Connection.Raise(Validated(Second, 1, at));
        await EndedAsync(client);
        gateway.Time.Advance(MergeDelay);
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassBackoffAsync();
        await grain.Calls.ReachedAsync("ReportApplied", 3);

        Assert.Equal([1L, 2L], grain.Applied.Select(applied => applied.Number));
        Assert.All(grain.Reports, report => Assert.Equal([1L, 2L], report.Events.Select(reported => reported.Number)));
    }

    [Fact]
    public async Task A_connection_that_the_cluster_has_forgotten_is_registered_anew_where_it_is_now_and_numbered_from_one()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        await RaiseAsync(gateway, client, Detected(First, Second, at));
        client.Connection.Raise(Validated(Second, 1, at));
        await EndedAsync(client);
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("ReportApplied", 1);
        grain.IsRegistered = false;
        grain.LastEventNumber = 0;
        grain.Applied.Clear();

        await RaiseAsync(gateway, client, Detected(Second, Third, at));
        client.Connection.Raise(new PathEvent.Reverted(Second, TimeSpan.FromMilliseconds(1), at));
        await EndedAsync(client);
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("ReportApplied", 3);

        Assert.Equal([1L, 2L], grain.Applied.Select(applied => applied.Number));
        Assert.Equal([3L, 4L], grain.Reports.ElementAt(1).Events.Select(reported => reported.Number));
        Assert.Equal(["127.0.0.1:50000", "127.0.0.1:50001"], grain.Registrations.Select(registration => registration.RemoteEndPoint));
    }

    [Fact]
    public async Task What_was_applied_before_a_new_registration_is_not_reported_again()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        grain.Calls.Fail("ReportApplied", 1);
        client.Connection.Raise(Detected(First, Second, at));
        await gateway.Time.PassAsync(MergeDelay, "the end of the attempt");
        await grain.Calls.ReachedAsync("ReportApplied", 1);
        client.Connection.Raise(Validated(Second, 1, at));
        await EndedAsync(client);

        gateway.Sessions.RegisterAllAgain();
        await gateway.Time.PassBackoffAsync();
        await grain.Calls.ReachedAsync("ReportApplied", 2);

        Assert.Equal([1L, 2L], grain.Applied.Select(applied => applied.Number));
        Assert.Equal([2L], grain.Reports.ElementAt(1).Events.Select(reported => reported.Number));
        Assert.Equal(2, grain.Registrations.Count);
    }

    [Fact]
    public async Task A_failed_migration_is_reported_and_then_closes_the_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        var answer = new TaskCompletionSource();
        grain.Calls.Before = method => method == "ReportApplied" ? answer.Task : Task.CompletedTask;

        await RaiseAsync(gateway, client, Detected(First, Second, at));
        client.Connection.Raise(new PathEvent.Failed(Second, TimeSpan.FromSeconds(30), "the new path stayed silent", at));
        await EndedAsync(client);
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("ReportApplied", 1);
        Assert.False(client.Connection.Closed.IsCompleted);
        grain.State = MigrationState.MigrationFailed;
        answer.SetResult();

        Assert.Equal((ErrorCode.MigrationFailed, "the new path stayed silent"), await client.Connection.ClosedByGatewayAsync());
        await grain.Calls.ReachedAsync("Unregistered", 1);
        Assert.Equal("the new path stayed silent", grain.Applied.Last().Reason);
        Assert.Single(grain.Registrations);
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_does_not_keep_a_failed_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        var answer = new TaskCompletionSource();
        grain.Calls.Before = _ => answer.Task;

        client.Connection.Raise(Detected(First, Second, at));
        client.Connection.Raise(new PathEvent.Failed(Second, TimeSpan.FromSeconds(30), "dead", at));
        await gateway.Time.PassAsync(TimeSpan.FromSeconds(2), "the report");

        Assert.Equal(ErrorCode.MigrationFailed, (await client.Connection.ClosedByGatewayAsync()).Code);
        answer.SetResult();
        await grain.Calls.ReachedAsync("Unregistered", 1);
        Assert.Equal([PathObservationType.Detected, PathObservationType.Failed], grain.Applied.Select(applied => applied.Type));
    }

    [Fact]
    public async Task A_connection_that_the_cluster_has_failed_is_closed()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        grain.State = MigrationState.MigrationFailed;
        grain.FailureReason = "an operator said so";
        grain.IsRegistered = false;

        client.Connection.Raise(Detected(First, Second, gateway.Time.GetUtcNow()));
        await gateway.Time.PassAsync(MergeDelay, "the end of the attempt");

        Assert.Equal((ErrorCode.MigrationFailed, "an operator said so"), await client.Connection.ClosedByGatewayAsync());
        Assert.Single(grain.Registrations);
    }

    [Fact]
    public async Task Events_up_to_the_end_are_reported_before_the_connection_is_unregistered()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);

        await RaiseAsync(gateway, client, Detected(First, Second, gateway.Time.GetUtcNow()));
        client.Connection.Leave();
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("Unregistered", 1);

        Assert.Equal(PathObservationType.Detected, Assert.Single(grain.Applied).Type);
        Assert.Equal(1, gateway.Metrics["quicchat.path.ended{kind=port_only,outcome=abandoned}"]);
    }

    [Theory]
    [InlineData(true, "the client heard nothing on its new path and gave it up")]
    [InlineData(false, "nothing was heard from the client for the idle time-out")]
    public async Task A_path_that_is_dead_before_the_deadline_has_failed(bool isGivenUp, string reason)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        await RaiseAsync(gateway, client, Detected(First, Second, gateway.Time.GetUtcNow() - TimeSpan.FromSeconds(3)));

        if (isGivenUp)
        {
            client.Connection.Leave(ErrorCode.MigrationFailed);
        }
        else
        {
            client.Connection.FallSilent();
        }

        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("Unregistered", 1);

        Assert.Equal([PathObservationType.Detected, PathObservationType.Failed], grain.Applied.Select(applied => applied.Type));
        var failed = grain.Applied.Last();
        Assert.Equal(reason, failed.Reason);
        Assert.InRange(failed.Duration, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3) + MergeDelay);
        Assert.Equal(1, gateway.Metrics["quicchat.path.ended{kind=port_only,outcome=failed}"]);
    }

    [Fact]
    public async Task An_engine_that_cannot_validate_is_helped_by_a_round_trip()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(configure: connection => connection.Capabilities = PathCapabilities.Detection);

        client.Connection.Raise(Detected(First, Second, gateway.Time.GetUtcNow()));
        var ping = (await client.Control.ReceiveAsync("a Ping"))!.Ping;
        await client.Control.SendAsync(new ClientFrame { Pong = new Pong { Number = ping.Number } });

        await client.Connection.Confirmed.Within("the confirmation of the path");
    }

    [Fact]
    public async Task A_client_on_a_denied_path_that_the_engine_could_not_refuse_is_closed()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(configure: connection => connection.Capabilities = PathCapabilities.Detection);
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();

        await RaiseAsync(gateway, client, Detected(First, Third, at));
        client.Connection.Raise(new PathEvent.Denied(First, Third, PathChangeKind.Address, "127.0.0.3 is in a denied network", at));

        Assert.Equal((ErrorCode.MigrationDenied, "127.0.0.3 is in a denied network"), await client.Connection.ClosedByGatewayAsync());
        gateway.Time.Advance(MergeDelay);
        await grain.Calls.ReachedAsync("Unregistered", 1);
        Assert.Equal([PathObservationType.Detected, PathObservationType.Denied], grain.Applied.Select(applied => applied.Type));
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_reports()
    {
        await using var gateway = new TestGateway(options => options.PathReportDelay = TimeSpan.Zero);
        var client = await gateway.ConnectAsync(configure: connection => connection.Window = 256);
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        const int Attempts = 200;
        for (var i = 0; i < Attempts; i++)
        {
            client.Connection.Raise(Detected(First, Second, at));
            client.Connection.Raise(new PathEvent.Reverted(First, TimeSpan.FromMilliseconds(1), at));
        }

        client.Connection.Leave();
        await grain.Calls.ReachedAsync("Unregistered", 1);

        Assert.Equal(Enumerable.Range(1, 2 * Attempts).Select(number => (long)number), grain.Applied.Select(applied => applied.Number));
        Assert.True(gateway.Metrics["quicchat.notices.dropped"] > 0);
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_does_not_keep_the_rate_from_being_limited()
    {
        await using var gateway = new TestGateway(options => options.PathReportDelay = TimeSpan.Zero);
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        var at = gateway.Time.GetUtcNow();
        var answer = new TaskCompletionSource();
        grain.Calls.Before = _ => answer.Task;
        const int Most = 200;
        gateway.Sessions.Policy = MigrationPolicy.Open with { MaxMigrationsPerMinute = Most };

        for (var i = 0; i < Most; i++)
        {
            Assert.Null(client.Connection.Judge!(First, Third));
            client.Connection.Raise(Detected(First, Second, at));
            client.Connection.Raise(Validated(First, 1, at));
        }

        await client.Connection.EventsTakenAsync();
        Assert.NotNull(client.Connection.Judge!(First, Third));
        answer.SetResult();
    }

    /// <summary>Raises the begin of an attempt and waits until its report waits for the end.</summary>
    private static async Task RaiseAsync(TestGateway gateway, TestClient client, PathEvent.Detected detected)
    {
        client.Connection.Raise(detected);
        await gateway.Time.ArmedAsync(MergeDelay, MergeDelay, "the end of the attempt");
    }

    private static PathEvent.Detected Detected(NetworkPath from, NetworkPath to, DateTimeOffset at) => new(from, to, from.ChangeTo(to)!.Value, at);

    private static async Task EndedAsync(TestClient client)
    {
        while ((await client.Control.ReceiveAsync("a notice"))!.MigrationNotice.Outcome == MigrationNotice.Types.Outcome.Started)
        {
        }
    }

    private static PathEvent.Validated Validated(NetworkPath path, int milliseconds, DateTimeOffset at)
        => new(path, TimeSpan.FromMilliseconds(milliseconds), ValidationEvidence.Exact, at);
}
