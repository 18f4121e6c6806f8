namespace QuicChat.Abstractions.Migrations;

/// <summary>One attempt that has ended.</summary>
/// <param name="From">The client's <c>address:port</c> before.</param>
/// <param name="To">The client's <c>address:port</c> that it went to.</param>
/// <param name="Kind">What changed.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it failed; otherwise <see langword="null"/>.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Inferred">Whether its end was inferred from an application round trip.</param>
/// <param name="GatewayId">The gateway that held the connection.</param>
/// <param name="Silo">The silo that recorded it.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.attempt")]
public sealed record MigrationAttempt(
    [property: Id(0)] string From,
    [property: Id(1)] string To,
    [property: Id(2)] MigrationKind Kind,
    [property: Id(3)] MigrationOutcome Outcome,
    [property: Id(4)] string? Reason,
    [property: Id(5)] DateTimeOffset StartedAt,
    [property: Id(6)] TimeSpan Duration,
    [property: Id(7)] bool Inferred,
    [property: Id(8)] string GatewayId,
    [property: Id(9)] string Silo);
