using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>A connection at one moment.</summary>
/// <param name="ConnectionId">Its ID, 32 hex digits.</param>
/// <param name="Registration">Who it is and which gateway holds it.</param>
/// <param name="State">Its migration state.</param>
/// <param name="RemoteEndPoint">The last validated <c>address:port</c> of the client.</param>
/// <param name="MigrationCount">Completed migrations.</param>
/// <param name="LastMigration">When the last one completed.</param>
/// <param name="MigrationStartedAt">When the attempt in flight began; set exactly while Migrating.</param>
/// <param name="LastEventNumber">The highest path event number that was applied.</param>
/// <param name="Totals">Its attempts by outcome.</param>
/// <param name="History">Its last attempts, newest last, at most 32.</param>
/// <param name="FailureReason">Why it has failed, where it has.</param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.snapshot")]
public sealed record ConnectionSnapshot(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] ConnectionRegistration Registration,
    [property: Id(2)] MigrationState State,
    [property: Id(3)] string RemoteEndPoint,
    [property: Id(4)] int MigrationCount,
    [property: Id(5)] DateTimeOffset? LastMigration,
    [property: Id(6)] DateTimeOffset? MigrationStartedAt,
    [property: Id(7)] long LastEventNumber,
    [property: Id(8)] MigrationTotals Totals,
    [property: Id(9)] ImmutableArray<MigrationAttempt> History,
    [property: Id(10)] string? FailureReason = null);
