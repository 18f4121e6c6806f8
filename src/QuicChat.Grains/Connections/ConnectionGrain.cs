using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Users;

namespace QuicChat.Grains.Connections;

[GrainType("connection")]
internal sealed class ConnectionGrain : Grain, IConnectionGrain
{
    private ConnectionSnapshot? _snapshot;

    public async Task<ConnectionSnapshot> Register(ConnectionRegistration registration)
    {
        _snapshot ??= new(this.GetPrimaryKeyString(), registration, MigrationState.Stable, registration.RemoteEndPoint, 0, null, null, 0, MigrationTotals.Zero, []);
        await GrainFactory.GetGrain<IUserGrain>(registration.UserId).AddConnection(this.GetPrimaryKeyString());
        return _snapshot;
    }

    public Task<PathReportReceipt> Report(PathReport report)
        => Task.FromResult(new PathReportReceipt(report.Events.IsDefaultOrEmpty ? 0 : report.Events[^1].Number, MigrationState.Stable, _snapshot is not null));

    public async Task Unregister(string reason)
    {
        if (_snapshot is { } known)
        {
            _snapshot = null;
            await GrainFactory.GetGrain<IUserGrain>(known.Registration.UserId).RemoveConnection(this.GetPrimaryKeyString());
        }
    }

    public Task<bool> FailMigration(string reason) => Task.FromResult(_snapshot is not null);

    public Task<ConnectionSnapshot?> GetSnapshot() => Task.FromResult(_snapshot);

    public Task<bool> IsMigrating() => Task.FromResult(false);

    public Task<bool> HasMigrationFailed() => Task.FromResult(false);

    public Task<bool> HasMigrationTimedOut(TimeSpan timeout) => Task.FromResult(false);

    public Task<TimeSpan?> TimeSinceMigrationStarted() => Task.FromResult<TimeSpan?>(null);
}
