using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>Arithmetic of totals.</summary>
internal static class MigrationTotalsExtensions
{
    /// <summary>One more attempt that ended so.</summary>
    public static MigrationTotals Plus(this MigrationTotals totals, MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Completed => totals with { Completed = totals.Completed + 1 },
        MigrationOutcome.Reverted => totals with { Reverted = totals.Reverted + 1 },
        MigrationOutcome.Superseded => totals with { Superseded = totals.Superseded + 1 },
        MigrationOutcome.Abandoned => totals with { Abandoned = totals.Abandoned + 1 },
        MigrationOutcome.Unknown => totals with { Unknown = totals.Unknown + 1 },
        MigrationOutcome.Failed => totals with { Failed = totals.Failed + 1 },
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Not an outcome."),
    };

    /// <summary>Both together.</summary>
    public static MigrationTotals Plus(this MigrationTotals totals, MigrationTotals other) => new(
        totals.Started + other.Started,
        totals.Completed + other.Completed,
        totals.Reverted + other.Reverted,
        totals.Superseded + other.Superseded,
        totals.Abandoned + other.Abandoned,
        totals.Unknown + other.Unknown,
        totals.Failed + other.Failed,
        totals.Denied + other.Denied,
        totals.Ignored + other.Ignored);

    /// <summary>One more completed attempt of a kind.</summary>
    public static MigrationKindTotals Plus(this MigrationKindTotals totals, MigrationKind kind) => kind switch
    {
        MigrationKind.PortOnly => totals with { PortOnly = totals.PortOnly + 1 },
        MigrationKind.Address => totals with { Address = totals.Address + 1 },
        MigrationKind.Family => totals with { Family = totals.Family + 1 },
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind."),
    };

    /// <summary>Both together.</summary>
    public static MigrationKindTotals Plus(this MigrationKindTotals totals, MigrationKindTotals other)
        => new(totals.PortOnly + other.PortOnly, totals.Address + other.Address, totals.Family + other.Family);
}
