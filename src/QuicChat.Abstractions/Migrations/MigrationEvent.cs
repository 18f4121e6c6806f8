namespace QuicChat.Abstractions.Migrations;

/// <summary>Something that happened to a connection's path, told after it was recorded.</summary>
/// <param name="Type">What.</param>
/// <param name="ConnectionId">To which connection.</param>
/// <param name="UserId">Whose.</param>
/// <param name="GatewayId">The gateway that held it.</param>
/// <param name="From">The client's last validated <c>address:port</c>.</param>
/// <param name="To">The client's <c>address:port</c> that it went to.</param>
/// <param name="Kind">What changed; without a meaning where <paramref name="To"/> is <paramref name="From"/>.</param>
/// <param name="At">When it happened.</param>
/// <param name="Outcome">How the attempt ended; <see langword="null"/> unless it ended.</param>
/// <param name="Duration">How long the attempt took; <see langword="null"/> unless it ended.</param>
/// <param name="Inferred">Whether its end was inferred from an application round trip.</param>
/// <param name="Reason">Why the attempt or the connection failed, or the path was denied; otherwise <see langword="null"/>.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.event")]
public sealed record MigrationEvent(
    [property: Id(0)] MigrationEventType Type,
    [property: Id(1)] string ConnectionId,
    [property: Id(2)] string UserId,
    [property: Id(3)] string GatewayId,
    [property: Id(4)] string From,
    [property: Id(5)] string To,
    [property: Id(6)] MigrationKind Kind,
    [property: Id(7)] DateTimeOffset At,
    [property: Id(8)] MigrationOutcome? Outcome,
    [property: Id(9)] TimeSpan? Duration,
    [property: Id(10)] bool Inferred,
    [property: Id(11)] string? Reason);
