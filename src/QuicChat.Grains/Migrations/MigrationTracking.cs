using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>All that is remembered of a connection's migrations.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="RemoteEndPoint">The last validated <c>address:port</c> of the client.</param>
/// <param name="Attempt">The attempt in flight; set exactly while Migrating.</param>
/// <param name="LastEventNumber">The highest event number applied.</param>
/// <param name="Totals">Attempts by outcome.</param>
/// <param name="LastMigration">When the last one completed.</param>
/// <param name="History">The last attempts, newest last.</param>
/// <param name="FailureReason">Why the connection failed, if it did.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.tracking")]
internal sealed record MigrationTracking(
    [property: Id(0)] MigrationState State,
    [property: Id(1)] string RemoteEndPoint,
    [property: Id(2)] PendingAttempt? Attempt,
    [property: Id(3)] long LastEventNumber,
    [property: Id(4)] MigrationTotals Totals,
    [property: Id(5)] DateTimeOffset? LastMigration,
    [property: Id(6)] ImmutableArray<MigrationAttempt> History,
    [property: Id(7)] string? FailureReason = null)
{
    /// <summary>How many attempts are remembered one by one.</summary>
    public const int HistoryLength = 32;

    /// <summary>A connection that has not migrated yet.</summary>
    public static MigrationTracking Begin(string remoteEndPoint)
        => new(MigrationState.Stable, remoteEndPoint, null, 0, MigrationTotals.Zero, null, []);
}
