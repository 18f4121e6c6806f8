using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Connections;

/// <summary>
/// Keeps the one durable record of a connection. A change goes to the store first, then into memory and to the silo's collector, so that
/// nothing is counted that was not kept. It stays active for as long as the connection is registered.
/// </summary>
[GrainType("connection"), PreferLocalPlacement, KeepAlive]
internal sealed partial class ConnectionGrain(
    [PersistentState("connection")] IPersistentState<ConnectionRecord> record,
    IConnectionIndex index,
    MigrationCollector collector,
    ActiveConnections connections,
    MigrationFeed feed,
    FailureCleanup cleanup,
    CurrentMigrationTimeout timeout,
    IOptions<MigrationOptions> options,
    IOptions<GatewayLeaseOptions> leases,
    ILocalSiloDetails silo,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<ConnectionGrain> logger) : Grain, IConnectionGrain, IConnectionKeeper
{
    private DateTimeOffset _registeredAt;
    private bool _isFailureTold;

    private string ConnectionId => this.GetPrimaryKeyString();

    private ConnectionRegistration? Registration => record.State.Registration;

    private MigrationTracking? Tracking => record.State.Tracking;

    private bool IsFailed => Tracking?.State == MigrationState.MigrationFailed;

    public async Task<ConnectionSnapshot> Register(ConnectionRegistration registration)
    {
        if (IsFailed)
        {
            return Snapshot()!;
        }

        if (Registration is { } former && former.GatewayId != registration.GatewayId)
        {
            // What one gateway began and numbered another cannot go on with.
            LogTakenOver(ConnectionId, registration.GatewayId, former.GatewayId);
            await CloseAsync($"taken over by gateway {registration.GatewayId}");
        }

        _registeredAt = time.GetUtcNow();
        if (Registration is null)
        {
            var tracking = MigrationTracking.Begin(registration.RemoteEndPoint);
            if (record.State.Lost is { } lost && lost.GatewayId == registration.GatewayId)
            {
                // What it reports again because it has heard no answer has been counted.
                tracking = tracking with { LastEventNumber = lost.LastEventNumber };
            }

            await BeginStintAsync(
                record.State with { Tracking = tracking, RegisteredAt = _registeredAt, Lost = null },
                registration,
                GatewaySums.Zero with { Registered = 1 });
            LogRegistered(ConnectionId, registration.UserId, registration.GatewayId, registration.RemoteEndPoint);
        }
        else if (Registration.LeaseId != registration.LeaseId)
        {
            // A gateway that lost its lease and is back: what is said of that loss is not about this connection any more.
            await WriteAsync(record.State with { Registration = Registration with { LeaseId = registration.LeaseId } });
        }

        Track();

        // Also where the record was there: the call that wrote it may have ended before this.
        await GrainFactory.GetGrain<IUserGrain>(registration.UserId).AddConnection(ConnectionId);
        return Snapshot()!;
    }

    public async Task<PathReportReceipt> Report(PathReport report)
    {
        var events = report.Events.IsDefault ? [] : report.Events;
        if (Registration is null || Registration.GatewayId != report.GatewayId)
        {
            collector.Ignored(report.GatewayId ?? "", events.Length);
            ForgetUnknown();
            return new PathReportReceipt(0, MigrationState.Stable, Registered: false);
        }

        var machine = Machine();
        foreach (var observation in events)
        {
            machine.Handle(observation);
        }

        await ApplyAsync(machine);
        return new PathReportReceipt(Tracking!.LastEventNumber, Tracking.State, Registered: true, Tracking.FailureReason);
    }

    public async Task Unregister(string reason)
    {
        if (Registration is not null && !IsFailed)
        {
            await CloseAsync(reason);
        }
        else
        {
            connections.Closed(ConnectionId);
            ForgetUnknown();
        }
    }

    public async Task<bool> FailMigration(string reason)
    {
        if (Registration is null || IsFailed)
        {
            ForgetUnknown();
            return false;
        }

        var machine = Machine();
        machine.Fail(reason);
        await ApplyAsync(machine);
        return true;
    }

    public async Task FailUnresolved(DateTimeOffset since, string reason)
    {
        if (Tracking?.Attempt is { } attempt && attempt.UnresolvedSince < since)
        {
            await FailMigration(reason);
        }
        else
        {
            ForgetUnknown();
        }
    }

    public async Task EndWithGateway(string gatewayId, Guid leaseId)
    {
        if (Registration is not { } registration || IsFailed)
        {
            ForgetUnknown();
        }
        else if (registration.GatewayId == gatewayId && registration.LeaseId == leaseId)
        {
            const string reason = "gateway lost";
            if (Tracking!.Attempt is null)
            {
                // Where nothing was applied, nothing can be applied again.
                var number = Tracking.LastEventNumber;
                await CloseAsync(reason, number > 0 ? new LostConnection(gatewayId, time.GetUtcNow(), number) : null);
            }
            else
            {
                await FailMigration(reason);
            }
        }
    }

    public async Task ForgetFailed()
    {
        if (Registration is null)
        {
            ForgetUnknown();
        }
        else if (IsFailed && record.State.FailedAt + options.Value.FailedConnectionKept <= time.GetUtcNow())
        {
            // Where that has not succeeded yet, it is time.
            await GrainFactory.GetGrain<IUserGrain>(Registration.UserId).RemoveConnection(ConnectionId);
            await EndStintAsync(Sums);
        }
    }

    public Task<ConnectionSnapshot?> GetSnapshot()
    {
        ForgetUnknown();
        return Task.FromResult(Snapshot());
    }

    public Task<MigrationState?> GetState()
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.State);
    }

    public Task<MigrationTotals> GetTotals()
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.Totals ?? MigrationTotals.Zero);
    }

    public Task<ImmutableArray<MigrationAttempt>> GetHistory()
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.History ?? []);
    }

    public Task<bool> IsMigrating()
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.State == MigrationState.Migrating);
    }

    public Task<bool> HasMigrationFailed()
    {
        ForgetUnknown();
        return Task.FromResult(IsFailed);
    }

    public Task<bool> HasMigrationTimedOut(TimeSpan timeout)
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.Attempt is { } attempt && time.GetUtcNow() - attempt.UnresolvedSince > timeout);
    }

    public Task<TimeSpan?> TimeSinceMigrationStarted()
    {
        ForgetUnknown();
        return Task.FromResult(Tracking?.Attempt is { } attempt ? time.GetUtcNow() - attempt.StartedAt : default(TimeSpan?));
    }

    private MigrationStateMachine Machine() => new(
        Tracking!, new MigrationCircumstances(time.GetUtcNow(), timeout.Value, Registration!.GatewayId, silo.Name));

    private async Task ApplyAsync(MigrationStateMachine machine)
    {
        if (ReferenceEquals(machine.Tracking, Tracking))
        {
            return;
        }

        var sums = Sums.Plus(machine.Effects);
        var next = record.State with { Tracking = machine.Tracking };
        if (!IsFailed && machine.Tracking.State == MigrationState.MigrationFailed)
        {
            next = next with { FailedAt = time.GetUtcNow() };
            sums = sums with { Unregistered = sums.Unregistered + 1 };
        }

        await WriteAsync(Counting(next, sums));
        Track();
        Log(machine.Effects);
        feed.Tell(ConnectionId, Registration!, machine.Effects);
    }

    private async Task CloseAsync(string reason, LostConnection? lost = null)
    {
        var registration = Registration!;
        var machine = Machine();
        machine.Close(reason);
        var sums = Sums.Plus(machine.Effects);
        // First the user: a call that fails between the two is repeated, and the record is what a repetition goes by.
        await GrainFactory.GetGrain<IUserGrain>(registration.UserId).RemoveConnection(ConnectionId);
        await EndStintAsync(sums with { Unregistered = sums.Unregistered + 1 }, lost);
        Log(machine.Effects);
        feed.Tell(ConnectionId, registration, machine.Effects);
        LogUnregistered(ConnectionId, reason);
    }

    /// <summary>Has the silo look after the connection as it stands now, and does once what follows from its failure.</summary>
    private void Track()
    {
        if (!IsFailed)
        {
            connections.Track(ConnectionId, Registration!, _registeredAt, Tracking!);
            return;
        }

        connections.TrackFailed(
            ConnectionId, Registration!, _registeredAt, Tracking!, record.State.FailedAt!.Value + options.Value.FailedConnectionKept);
        if (!_isFailureTold)
        {
            // The record says Failed from here on, so no repeated call leads here again; the silo repeats what does not succeed.
            _isFailureTold = true;
            var attempt = Tracking!.History is [.., { Outcome: MigrationOutcome.Failed } failed] ? failed : null;
            collector.Fail(new FailedMigration(
                ConnectionId, Registration!.UserId, attempt is null ? record.State.FailedAt!.Value : attempt.StartedAt + attempt.Duration, attempt)
            {
                Reason = Tracking.FailureReason ?? "",
                GatewayId = Registration.GatewayId,
            });
            CleanAsync(new FailedConnection(
                ConnectionId, Registration!.UserId, Registration.GatewayId, Tracking.FailureReason ?? "")).Ignore();
        }
    }

    private async Task CleanAsync(FailedConnection failed)
    {
        try
        {
            await cleanup.CleanAsync(failed);
        }
        catch (Exception error)
        {
            LogNotCleaned(error, ConnectionId, failed.UserId, failed.GatewayId);
        }
    }

    private ConnectionSnapshot? Snapshot()
        => Registration is { } registration && Tracking is { } tracking
            ? new ConnectionSnapshot(
                ConnectionId,
                registration,
                tracking.State,
                tracking.RemoteEndPoint,
                (int)tracking.Totals.Completed,
                tracking.LastMigration,
                tracking.Attempt?.StartedAt,
                tracking.LastEventNumber,
                tracking.Totals,
                tracking.History,
                tracking.FailureReason)
            : null;

    // Anyone may ask for any ID; what stays active must be connections that are there.
    private void ForgetUnknown()
    {
        if (Registration is null)
        {
            DeactivateOnIdle();
        }
    }

    private void Log(IReadOnlyList<MigrationEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case MigrationEffect.Started { Attempt: var attempt }:
                    LogStarted(ConnectionId, attempt.From, attempt.To, attempt.Kind);
                    break;
                case MigrationEffect.Ended { Attempt: { Outcome: MigrationOutcome.Failed } attempt }:
                    LogFailed(ConnectionId, attempt.From, attempt.To, attempt.Kind, attempt.Duration.TotalMilliseconds, attempt.Reason);
                    break;
                case MigrationEffect.Ended { Attempt: var attempt }:
                    LogEnded(ConnectionId, attempt.From, attempt.To, attempt.Kind, attempt.Outcome, attempt.Duration.TotalMilliseconds);
                    break;
                case MigrationEffect.Failed { Reason: var reason }:
                    LogFailedAsItStood(ConnectionId, reason);
                    break;
            }
        }
    }

    [LoggerMessage(1000, LogLevel.Debug, "{ConnectionId} of user {UserId} registered by gateway {GatewayId} from {RemoteEndPoint}.")]
    private partial void LogRegistered(string connectionId, string userId, string gatewayId, string remoteEndPoint);

    [LoggerMessage(1001, LogLevel.Information, "{ConnectionId} is now held by gateway {GatewayId}, before by {FormerGatewayId}.")]
    private partial void LogTakenOver(string connectionId, string gatewayId, string formerGatewayId);

    [LoggerMessage(1002, LogLevel.Debug, "{ConnectionId} unregistered: {Reason}.")]
    private partial void LogUnregistered(string connectionId, string reason);

    [LoggerMessage(1003, LogLevel.Debug, "{ConnectionId} left {From} for {To} ({Kind}).")]
    private partial void LogStarted(string connectionId, string from, string to, MigrationKind kind);

    [LoggerMessage(1004, LogLevel.Debug, "{ConnectionId} from {From} to {To} ({Kind}): {Outcome} after {DurationMs:F1} ms.")]
    private partial void LogEnded(
        string connectionId, string from, string to, MigrationKind kind, MigrationOutcome outcome, double durationMs);

    [LoggerMessage(1005, LogLevel.Warning, "{ConnectionId} from {From} to {To} ({Kind}): failed after {DurationMs:F1} ms: {Reason}.")]
    private partial void LogFailed(
        string connectionId, string from, string to, MigrationKind kind, double durationMs, string? reason);

    [LoggerMessage(1008, LogLevel.Warning, "{ConnectionId} failed with no attempt in flight: {Reason}.")]
    private partial void LogFailedAsItStood(string connectionId, string reason);

    [LoggerMessage(1006, LogLevel.Warning, "{ConnectionId} failed, but user {UserId} or gateway {GatewayId} has not heard of it; it is tried again.")]
    private partial void LogNotCleaned(Exception error, string connectionId, string userId, string gatewayId);
}
