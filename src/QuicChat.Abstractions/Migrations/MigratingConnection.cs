namespace QuicChat.Abstractions.Migrations;

/// <summary>A connection with an attempt in flight.</summary>
/// <param name="ConnectionId">Which.</param>
/// <param name="UserId">Whose.</param>
/// <param name="GatewayId">At which gateway.</param>
/// <param name="From">The last validated <c>address:port</c>.</param>
/// <param name="To">The unvalidated one.</param>
/// <param name="Kind">What changed.</param>
/// <param name="StartedAt">When the attempt began.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.migrating")]
public sealed record MigratingConnection(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] string UserId,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] string From,
    [property: Id(4)] string To,
    [property: Id(5)] MigrationKind Kind,
    [property: Id(6)] DateTimeOffset StartedAt);
