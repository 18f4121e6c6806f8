using System.Globalization;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Chat;

namespace QuicChat.Cli.Admin;

/// <summary>The JSON object of a migration event, and its line.</summary>
/// <param name="Type">What happened: <c>began</c>, <c>ended</c>, <c>denied</c>, or <c>failed</c> where a connection failed with no attempt in flight.</param>
/// <param name="At">When.</param>
/// <param name="ConnectionId">To which connection.</param>
/// <param name="UserId">Whose.</param>
/// <param name="From">The client's last validated address.</param>
/// <param name="To">The address that it went to.</param>
/// <param name="Kind">What changed: <c>portOnly</c>, <c>address</c> or <c>family</c>; nothing where no attempt was in flight.</param>
/// <param name="Outcome">How an attempt ended.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Inferred">Whether its end was inferred from an application round trip.</param>
/// <param name="Reason">Why it failed, or why the path was denied.</param>
/// <param name="GatewayId">The gateway that held the connection.</param>
/// <param name="Silo">The silo that recorded it.</param>
internal sealed record MigrationEventReport(
    string Type,
    DateTimeOffset At,
    string ConnectionId,
    string UserId,
    string From,
    string To,
    string? Kind,
    string? Outcome,
    double? DurationMs,
    bool Inferred,
    string? Reason,
    string GatewayId,
    string Silo)
{
    /// <summary>The report of an event.</summary>
    public static MigrationEventReport Of(MigrationEvent next, string silo) => new(
        Words.Of(next.Type),
        next.At,
        next.ConnectionId,
        next.UserId,
        next.From,
        next.To,
        next.Type == MigrationEventType.Failed ? null : Words.Of(next.Kind),
        next.Outcome is { } outcome ? Words.Of(outcome) : null,
        next.Duration is { } duration ? Math.Round(duration.TotalMilliseconds, 1) : null,
        next.Inferred,
        next.Reason,
        next.GatewayId,
        silo);

    /// <summary>The same for people, as one line.</summary>
    public string ToLine()
    {
        var what = Outcome is null ? Type : $"{Outcome} after {Tables.Text(TimeSpan.FromMilliseconds(DurationMs ?? 0))}";
        var where = Kind is null ? From : $"{From} → {To}  {Kind}";
        var why = Reason is null ? "" : $"  ({Reason})";
        return TerminalText.Harmless(string.Create(
            CultureInfo.InvariantCulture,
            $"{At.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff}Z  {ConnectionId}  {UserId}  {where}  {what}  {GatewayId}  {Silo}{why}"));
    }
}
