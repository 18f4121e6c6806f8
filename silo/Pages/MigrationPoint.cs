using QuicChat.Abstractions.Migrations;

namespace QuicChat.Silo.Pages;

/// <summary>The totals at one time; the page draws what lies between two.</summary>
/// <param name="At">When.</param>
/// <param name="Totals">All attempts since the beginning, by outcome.</param>
internal sealed record MigrationPoint(DateTimeOffset At, MigrationTotals Totals);
