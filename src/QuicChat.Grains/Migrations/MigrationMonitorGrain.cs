using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Migrations;

[GrainType("migration-monitor"), KeepAlive]
internal sealed class MigrationMonitorGrain([FromKeyedServices(GrainClock.Key)] TimeProvider time) : Grain, IMigrationMonitorGrain
{
    private readonly DateTimeOffset _since = time.GetUtcNow();

    public Task<MigrationStats> GetMigrationStats()
        => Task.FromResult(new MigrationStats(0, 0, MigrationTotals.Zero, MigrationKindTotals.Zero, new MigrationDurations(0, 0, 0, 0), [], [], _since));

    public Task<ImmutableArray<MigratingConnection>> GetMigratingConnections(int limit) => Task.FromResult(ImmutableArray<MigratingConnection>.Empty);

    public Task<ImmutableArray<FailedMigration>> GetFailedMigrations(int limit) => Task.FromResult(ImmutableArray<FailedMigration>.Empty);
}
