using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What the monitor asks of a silo, when somebody asks the monitor.</summary>
[Alias("quicchat.migration-collector")]
internal interface IMigrationCollectorObserver : IGrainObserver
{
    /// <summary>Connections of the silo with an attempt in flight, oldest first.</summary>
    [Alias("GetMigrating")]
    Task<ImmutableArray<MigratingConnection>> GetMigrating(int limit);

    /// <summary>Connections of the silo, the newest first, and how many there are.</summary>
    [Alias("GetConnections")]
    Task<ConnectionList> GetConnections(ConnectionFilter filter, int limit);

    /// <summary>Reports now.</summary>
    [Alias("Report")]
    Task Report();
}
