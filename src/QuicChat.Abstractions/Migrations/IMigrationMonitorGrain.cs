using System.Collections.Immutable;
using Orleans.Concurrency;

namespace QuicChat.Abstractions.Migrations;

/// <summary>Migrations of the whole cluster. There is one, with the key <see cref="Key"/>; a reminder brings it back wherever a silo lives.</summary>
[Alias("quicchat.migration-monitor")]
public interface IMigrationMonitorGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "cluster";

    /// <summary>Sums over all silos and gateways.</summary>
    [Alias("GetMigrationStats")]
    [AlwaysInterleave]
    Task<MigrationStats> GetMigrationStats();

    /// <summary>Connections with an attempt in flight, oldest attempt first.</summary>
    [Alias("GetMigratingConnections")]
    [AlwaysInterleave]
    Task<ImmutableArray<MigratingConnection>> GetMigratingConnections(int limit);

    /// <summary>Connections that failed lately, newest first.</summary>
    [Alias("GetFailedMigrations")]
    [AlwaysInterleave]
    Task<ImmutableArray<FailedMigration>> GetFailedMigrations(int limit);
}
