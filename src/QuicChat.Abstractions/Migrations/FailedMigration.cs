namespace QuicChat.Abstractions.Migrations;

/// <summary>A connection that ended as failed.</summary>
/// <param name="ConnectionId">Which.</param>
/// <param name="UserId">Whose.</param>
/// <param name="FailedAt">When.</param>
/// <param name="Attempt">The attempt that failed; <see langword="null"/> where none was in flight, as where an operator failed the connection.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.failed")]
public sealed record FailedMigration(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] string UserId,
    [property: Id(2)] DateTimeOffset FailedAt,
    [property: Id(3)] MigrationAttempt? Attempt)
{
    /// <summary>Why.</summary>
    [Id(4)]
    public string Reason { get; init; } = Attempt?.Reason ?? "";

    /// <summary>The gateway that held the connection.</summary>
    [Id(5)]
    public string GatewayId { get; init; } = Attempt?.GatewayId ?? "";
}
