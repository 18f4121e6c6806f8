using QuicChat.Abstractions.Migrations;

namespace QuicChat.Cli.Admin;

/// <summary>The JSON object of an attempt that has ended.</summary>
/// <param name="From">The client's address before.</param>
/// <param name="To">The address that it went to.</param>
/// <param name="Kind">What changed: <c>portOnly</c>, <c>address</c> or <c>family</c>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Inferred">Whether its end was inferred from an application round trip.</param>
/// <param name="GatewayId">The gateway that held the connection.</param>
/// <param name="Silo">The silo that recorded it.</param>
internal sealed record AttemptReport(
    string From,
    string To,
    string Kind,
    string Outcome,
    string? Reason,
    DateTimeOffset StartedAt,
    double DurationMs,
    bool Inferred,
    string GatewayId,
    string Silo)
{
    /// <summary>The report of an attempt.</summary>
    public static AttemptReport Of(MigrationAttempt attempt) => new(
        attempt.From,
        attempt.To,
        Words.Of(attempt.Kind),
        Words.Of(attempt.Outcome),
        attempt.Reason,
        attempt.StartedAt,
        Math.Round(attempt.Duration.TotalMilliseconds, 1),
        attempt.Inferred,
        attempt.GatewayId,
        attempt.Silo);
}
