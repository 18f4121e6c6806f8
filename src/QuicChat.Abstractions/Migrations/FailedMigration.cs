namespace QuicChat.Abstractions.Migrations;

/// <summary>A connection that ended by a failed migration.</summary>
/// <param name="ConnectionId">Which.</param>
/// <param name="UserId">Whose.</param>
/// <param name="FailedAt">When.</param>
/// <param name="Attempt">The attempt that failed, with its reason.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.failed")]
public sealed record FailedMigration(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] string UserId,
    [property: Id(2)] DateTimeOffset FailedAt,
    [property: Id(3)] MigrationAttempt Attempt);
