using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;
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
    MigrationCollector collector,
    IOptions<MigrationOptions> options,
    ILocalSiloDetails silo,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<ConnectionGrain> logger) : Grain, IConnectionGrain, IConnectionKeeper
{
    // MIGRATION_FAILED of the wire protocol.
    private const int MigrationFailedCode = 4;

    private string ConnectionId => this.GetPrimaryKeyString();

    private ConnectionRegistration? Registration => record.State.Registration;

    private MigrationTracking? Tracking => record.State.Tracking;

    private bool IsFailed => Tracking?.State == MigrationState.MigrationFailed;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Registration is not null && !IsFailed)
        {
            Track();
        }

        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        collector.Untrack(ConnectionId);
        return Task.CompletedTask;
    }

    public async Task<ConnectionSnapshot> Register(ConnectionRegistration registration)
    {
        if (IsFailed)
        {
            return Snapshot()!;
        }

        var known = Registration;
        var now = time.GetUtcNow();
        if (known is null || known.GatewayId != registration.GatewayId)
        {
            record.State.RegisteredAt = now;
            await WriteAsync(registration, Tracking ?? MigrationTracking.Begin(registration.RemoteEndPoint));
            if (known is null)
            {
                LogRegistered(ConnectionId, registration.UserId, registration.GatewayId, registration.RemoteEndPoint);
            }
            else
            {
                collector.Unregistered(known.GatewayId);
                LogTakenOver(ConnectionId, registration.GatewayId, known.GatewayId);
            }

            collector.Registered(registration.GatewayId);
        }

        // A gateway that lost its lease and is back registers all again: what is said of its loss is then older than this.
        record.State.RegisteredAt = now;
        Track();

        // Also where the record was there: the call that wrote it may have ended before this.
        await GrainFactory.GetGrain<IUserGrain>(registration.UserId).AddConnection(ConnectionId);
        return Snapshot()!;
    }

    public async Task<PathReportReceipt> Report(PathReport report)
    {
        if (Registration is null || Registration.GatewayId != report.GatewayId)
        {
            collector.Ignored(report.GatewayId, report.Events.IsDefault ? 0 : report.Events.Length);
            ForgetUnknown();
            return new PathReportReceipt(0, MigrationState.Stable, Registered: false);
        }

        var machine = Machine();
        foreach (var observation in report.Events.IsDefault ? [] : report.Events)
        {
            machine.Handle(observation);
        }

        await ApplyAsync(machine);
        return new PathReportReceipt(Tracking!.LastEventNumber, Tracking.State, Registered: true);
    }

    public async Task Unregister(string reason)
    {
        if (Registration is { } registration && !IsFailed)
        {
            await CloseAsync(registration, reason);
        }
        else
        {
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
        if (Registration is null || IsFailed)
        {
            ForgetUnknown();
        }
        else if (Tracking!.Attempt is { } attempt && attempt.UnresolvedSince < since)
        {
            await FailMigration(reason);
        }
    }

    public async Task EndWithGateway(string gatewayId, DateTimeOffset lostAt)
    {
        if (Registration is not { } registration || IsFailed)
        {
            ForgetUnknown();
        }
        else if (registration.GatewayId == gatewayId && record.State.RegisteredAt < lostAt)
        {
            const string reason = "gateway lost";
            if (Tracking!.Attempt is null)
            {
                await CloseAsync(registration, reason);
            }
            else
            {
                await FailMigration(reason);
            }
        }
    }

    public Task<ConnectionSnapshot?> GetSnapshot()
    {
        ForgetUnknown();
        return Task.FromResult(Snapshot());
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

    private void Track() => collector.Track(ConnectionId, Registration!, record.State.RegisteredAt, Tracking!.Attempt);

    private MigrationStateMachine Machine() => new(
        Tracking!, new MigrationCircumstances(time.GetUtcNow(), options.Value.Timeout, Registration!.GatewayId, silo.Name));

    private async Task ApplyAsync(MigrationStateMachine machine)
    {
        var registration = Registration!;
        var failsNow = !IsFailed && machine.Tracking.State == MigrationState.MigrationFailed;
        if (!ReferenceEquals(machine.Tracking, Tracking))
        {
            await WriteAsync(registration, machine.Tracking);
            Announce(machine, registration);
        }

        if (failsNow)
        {
            // The record says Failed from here on, so no repeated call gets here again: what is left must not depend on its success.
            collector.Unregistered(registration.GatewayId);
            collector.Untrack(ConnectionId);
            LeaveUserAsync(registration).Ignore();
            AskToCloseAsync(registration, machine.FailureReason).Ignore();
        }
    }

    private async Task CloseAsync(ConnectionRegistration registration, string reason)
    {
        var machine = Machine();
        machine.Close(reason);
        // First the user: a call that fails between the two is repeated, and the record is what a repetition goes by.
        await GrainFactory.GetGrain<IUserGrain>(registration.UserId).RemoveConnection(ConnectionId);
        await ClearAsync();
        Announce(machine, registration);
        collector.Unregistered(registration.GatewayId);
        collector.Untrack(ConnectionId);
        LogUnregistered(ConnectionId, reason);
        DeactivateOnIdle();
    }

    private void Announce(MigrationStateMachine machine, ConnectionRegistration registration)
    {
        collector.Apply(ConnectionId, registration, machine.Effects, record.State.RegisteredAt, machine.Tracking.Attempt);
        foreach (var effect in machine.Effects)
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
            }
        }
    }

    private async Task LeaveUserAsync(ConnectionRegistration registration)
    {
        try
        {
            await GrainFactory.GetGrain<IUserGrain>(registration.UserId).RemoveConnection(ConnectionId);
        }
        catch (Exception error)
        {
            LogNotRemoved(error, ConnectionId, registration.UserId);
        }
    }

    private async Task AskToCloseAsync(ConnectionRegistration registration, string reason)
    {
        try
        {
            await GrainFactory.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key)
                .CloseConnection(registration.GatewayId, ConnectionId, MigrationFailedCode, reason);
        }
        catch (Exception error)
        {
            LogNotClosed(error, ConnectionId, registration.GatewayId);
        }
    }

    private async Task WriteAsync(ConnectionRegistration registration, MigrationTracking tracking)
    {
        var before = record.State;
        record.State = new ConnectionRecord { Registration = registration, RegisteredAt = before.RegisteredAt, Tracking = tracking };
        try
        {
            await record.WriteStateAsync();
        }
        catch
        {
            record.State = before;
            // Whether it was written is unknown; the next activation reads what is there.
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task ClearAsync()
    {
        try
        {
            await record.ClearStateAsync();
            record.State = new ConnectionRecord();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
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
                tracking.History)
            : null;

    // Anyone may ask for any ID; what stays active must be connections that are there.
    private void ForgetUnknown()
    {
        if (Registration is null || IsFailed)
        {
            DeactivateOnIdle();
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

    [LoggerMessage(1006, LogLevel.Warning, "{ConnectionId} failed, but is still listed with user {UserId}.")]
    private partial void LogNotRemoved(Exception error, string connectionId, string userId);

    [LoggerMessage(1007, LogLevel.Warning, "{ConnectionId} failed, but gateway {GatewayId} could not be asked to close it.")]
    private partial void LogNotClosed(Exception error, string connectionId, string gatewayId);
}
