using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A connection's record in memory: applies events above its number, like the grain.</summary>
internal sealed class FakeConnection(string id) : IConnectionGrain
{
    public CallLog Calls { get; } = new();

    /// <summary>The registrations that came, oldest first.</summary>
    public ConcurrentQueue<ConnectionRegistration> Registrations { get; } = [];

    /// <summary>The reports that came, oldest first; also those that were not answered.</summary>
    public ConcurrentQueue<PathReport> Reports { get; } = [];

    /// <summary>The events that were applied.</summary>
    public ConcurrentQueue<PathObservation> Applied { get; } = [];

    public bool IsRegistered { get; set; }

    public string? UnregisterReason { get; private set; }

    public MigrationState State { get; set; }

    public string? FailureReason { get; set; }

    public long LastEventNumber { get; set; }

    public async Task<ConnectionSnapshot> Register(ConnectionRegistration registration)
    {
        Registrations.Enqueue(registration);
        await Calls.CallAsync(nameof(Register));
        IsRegistered = true;
        return Snapshot(registration);
    }

    private ConnectionSnapshot Snapshot(ConnectionRegistration registration)
        => new(id, registration, State, registration.RemoteEndPoint, 0, null, null, LastEventNumber, MigrationTotals.Zero, [], FailureReason);

    public async Task<PathReportReceipt> Report(PathReport report)
    {
        Reports.Enqueue(report);
        await Calls.CallAsync(nameof(Report));
        if (IsRegistered)
        {
            foreach (var next in report.Events)
            {
                if (next.Number == LastEventNumber + 1)
                {
                    LastEventNumber++;
                    Applied.Enqueue(next);
                }
            }
        }

        // Whoever waits for the call may change all of it next.
        var receipt = new PathReportReceipt(LastEventNumber, State, IsRegistered, FailureReason);
        await Calls.CallAsync("ReportApplied");
        return receipt;
    }

    public async Task Unregister(string reason)
    {
        await Calls.CallAsync(nameof(Unregister));
        IsRegistered = false;
        UnregisterReason = reason;
        await Calls.CallAsync("Unregistered");
    }

    public Task<bool> FailMigration(string reason) => throw new NotSupportedException();

    public async Task<ConnectionSnapshot?> GetSnapshot()
    {
        await Calls.CallAsync(nameof(GetSnapshot));
        return IsRegistered ? Snapshot(Registrations.Last()) : null;
    }

    public Task<MigrationState?> GetState() => throw new NotSupportedException();

    public Task<MigrationTotals> GetTotals() => throw new NotSupportedException();

    public Task<ImmutableArray<MigrationAttempt>> GetHistory() => throw new NotSupportedException();

    public Task<bool> IsMigrating() => throw new NotSupportedException();

    public Task<bool> HasMigrationFailed() => throw new NotSupportedException();

    public Task<bool> HasMigrationTimedOut(TimeSpan timeout) => throw new NotSupportedException();

    public Task<TimeSpan?> TimeSinceMigrationStarted() => throw new NotSupportedException();
}
