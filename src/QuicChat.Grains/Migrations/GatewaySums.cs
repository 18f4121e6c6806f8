using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What one silo has counted of one gateway's connections since it started. All of it only grows.</summary>
/// <param name="Registered">Connections that were registered.</param>
/// <param name="Unregistered">Connections that left the registry.</param>
/// <param name="Totals">Attempts by outcome.</param>
/// <param name="CompletedByKind">Completed attempts by kind.</param>
/// <param name="Durations">How long completed attempts took.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.gateway-sums")]
internal sealed record GatewaySums(
    [property: Id(0)] long Registered,
    [property: Id(1)] long Unregistered,
    [property: Id(2)] MigrationTotals Totals,
    [property: Id(3)] MigrationKindTotals CompletedByKind,
    [property: Id(4)] DurationHistogram Durations)
{
    /// <summary>Nothing counted.</summary>
    public static GatewaySums Zero { get; } = new(0, 0, MigrationTotals.Zero, MigrationKindTotals.Zero, DurationHistogram.Empty);

    /// <summary>Connections registered now.</summary>
    public long Connections => Registered - Unregistered;

    /// <summary>Both together.</summary>
    public GatewaySums Plus(GatewaySums other) => new(
        Registered + other.Registered,
        Unregistered + other.Unregistered,
        Totals.Plus(other.Totals),
        CompletedByKind.Plus(other.CompletedByKind),
        Durations.Plus(other.Durations));

    /// <summary>With one more event.</summary>
    public GatewaySums Plus(MigrationEffect effect) => effect switch
    {
        MigrationEffect.Started => this with { Totals = Totals with { Started = Totals.Started + 1 } },
        MigrationEffect.Denied => this with { Totals = Totals with { Denied = Totals.Denied + 1 } },
        MigrationEffect.Ignored => this with { Totals = Totals with { Ignored = Totals.Ignored + 1 } },
        MigrationEffect.Ended { Attempt: { Outcome: MigrationOutcome.Completed } attempt } => this with
        {
            Totals = Totals.Plus(MigrationOutcome.Completed),
            CompletedByKind = CompletedByKind.Plus(attempt.Kind),
            Durations = Durations.Plus(attempt.Duration),
        },
        MigrationEffect.Ended { Attempt.Outcome: var outcome } => this with { Totals = Totals.Plus(outcome) },
        _ => this,
    };
}
