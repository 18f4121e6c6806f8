using System.Collections.Immutable;
using QuicChat.Abstractions.Connections;

namespace QuicChat.Cli.Admin;

/// <summary>The JSON object of a connection.</summary>
/// <param name="ConnectionId">Its ID.</param>
/// <param name="UserId">Whose.</param>
/// <param name="UserName">The name shown to others.</param>
/// <param name="ClientId">The installation of the application.</param>
/// <param name="GatewayId">The gateway that holds it.</param>
/// <param name="Engine">The gateway's QUIC engine.</param>
/// <param name="State">Where its migration stands.</param>
/// <param name="FailureReason">Why it has failed, where it has.</param>
/// <param name="RemoteEndPoint">The client's last validated address.</param>
/// <param name="ConnectedAt">When it began.</param>
/// <param name="MigrationCount">Completed migrations.</param>
/// <param name="LastMigration">When the last one completed.</param>
/// <param name="MigrationStartedAt">When the attempt in flight began.</param>
/// <param name="Totals">Its attempts by outcome.</param>
/// <param name="History">Its last attempts, newest last.</param>
internal sealed record ConnectionReport(
    string ConnectionId,
    string UserId,
    string UserName,
    string ClientId,
    string GatewayId,
    string Engine,
    string State,
    string? FailureReason,
    string RemoteEndPoint,
    DateTimeOffset ConnectedAt,
    int MigrationCount,
    DateTimeOffset? LastMigration,
    DateTimeOffset? MigrationStartedAt,
    StatsReport.TotalsReport Totals,
    ImmutableArray<AttemptReport> History)
{
    /// <summary>The report of what a connection's grain says.</summary>
    public static ConnectionReport Of(ConnectionSnapshot connection) => new(
        connection.ConnectionId,
        connection.Registration.UserId,
        connection.Registration.UserName,
        connection.Registration.ClientId,
        connection.Registration.GatewayId,
        connection.Registration.Engine,
        Words.Of(connection.State),
        connection.FailureReason,
        connection.RemoteEndPoint,
        connection.Registration.ConnectedAt,
        connection.MigrationCount,
        connection.LastMigration,
        connection.MigrationStartedAt,
        StatsReport.TotalsReport.Of(connection.Totals),
        [.. connection.History.Select(AttemptReport.Of)]);
}
