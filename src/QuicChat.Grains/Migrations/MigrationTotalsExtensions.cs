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
    public static MigrationTotals Plus(this MigrationTotals totals, MigrationTotals other) => totals.Combine(other, 1);

    /// <summary>What <paramref name="other"/> does not have.</summary>
    public static MigrationTotals Minus(this MigrationTotals totals, MigrationTotals other) => totals.Combine(other, -1);

    /// <summary>Both together.</summary>
    public static MigrationTotalsByKind Plus(this MigrationTotalsByKind totals, MigrationTotalsByKind other)
        => new(totals.PortOnly.Plus(other.PortOnly), totals.Address.Plus(other.Address), totals.Family.Plus(other.Family));

    /// <summary>What <paramref name="other"/> does not have.</summary>
    public static MigrationTotalsByKind Minus(this MigrationTotalsByKind totals, MigrationTotalsByKind other)
        => new(totals.PortOnly.Minus(other.PortOnly), totals.Address.Minus(other.Address), totals.Family.Minus(other.Family));

    /// <summary>The totals of one kind.</summary>
    public static MigrationTotals Of(this MigrationTotalsByKind totals, MigrationKind kind) => kind switch
    {
        MigrationKind.PortOnly => totals.PortOnly,
        MigrationKind.Address => totals.Address,
        MigrationKind.Family => totals.Family,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind."),
    };

    /// <summary>With the totals of one kind changed.</summary>
    public static MigrationTotalsByKind With(
        this MigrationTotalsByKind totals, MigrationKind kind, Func<MigrationTotals, MigrationTotals> change) => kind switch
        {
            MigrationKind.PortOnly => totals with { PortOnly = change(totals.PortOnly) },
            MigrationKind.Address => totals with { Address = change(totals.Address) },
            MigrationKind.Family => totals with { Family = change(totals.Family) },
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind."),
        };

    private static MigrationTotals Combine(this MigrationTotals totals, MigrationTotals other, int sign) => new(
        totals.Started + (sign * other.Started),
        totals.Completed + (sign * other.Completed),
        totals.Reverted + (sign * other.Reverted),
        totals.Superseded + (sign * other.Superseded),
        totals.Abandoned + (sign * other.Abandoned),
        totals.Unknown + (sign * other.Unknown),
        totals.Failed + (sign * other.Failed),
        totals.Denied + (sign * other.Denied),
        totals.Ignored + (sign * other.Ignored));
}
