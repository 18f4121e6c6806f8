using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What was counted of connections at one gateway: of one connection, of one silo's, or of all.</summary>
/// <param name="Registered">Connections that were registered.</param>
/// <param name="Unregistered">Connections that left the registry.</param>
/// <param name="Totals">Attempts by outcome.</param>
/// <param name="ByKind">The same by kind.</param>
/// <param name="Durations">How long completed attempts took.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.gateway-sums")]
internal sealed record GatewaySums(
    [property: Id(0)] long Registered,
    [property: Id(1)] long Unregistered,
    [property: Id(2)] MigrationTotals Totals,
    [property: Id(3)] MigrationTotalsByKind ByKind,
    [property: Id(4)] DurationHistogram Durations)
{
    /// <summary>Nothing counted.</summary>
    public static GatewaySums Zero { get; } = new(0, 0, MigrationTotals.Zero, MigrationTotalsByKind.Zero, DurationHistogram.Empty);

    /// <summary>Connections registered now.</summary>
    public long Connections => Registered - Unregistered;

    /// <summary>Both together.</summary>
    public GatewaySums Plus(GatewaySums other) => ReferenceEquals(other, Zero) ? this : ReferenceEquals(this, Zero) ? other : new(
        Registered + other.Registered,
        Unregistered + other.Unregistered,
        Totals.Plus(other.Totals),
        ByKind.Plus(other.ByKind),
        Durations.Plus(other.Durations));

    /// <summary>What was counted besides <paramref name="other"/>.</summary>
    public GatewaySums Minus(GatewaySums other) => ReferenceEquals(other, Zero) ? this : new(
        Registered - other.Registered,
        Unregistered - other.Unregistered,
        Totals.Minus(other.Totals),
        ByKind.Minus(other.ByKind),
        Durations.Minus(other.Durations));

    /// <summary>With what a step of a connection's state machine counts.</summary>
    public GatewaySums Plus(IEnumerable<MigrationEffect> effects) => effects.Aggregate(this, (sums, effect) => sums.Plus(effect));

    private GatewaySums Plus(MigrationEffect effect) => effect switch
    {
        MigrationEffect.Started { Attempt.Kind: var kind } => With(kind, totals => totals with { Started = totals.Started + 1 }),
        MigrationEffect.Ended { Attempt: { Outcome: MigrationOutcome.Completed } attempt } =>
            With(attempt.Kind, totals => totals.Plus(MigrationOutcome.Completed)) with { Durations = Durations.Plus(attempt.Duration) },
        MigrationEffect.Ended { Attempt: var attempt } => With(attempt.Kind, totals => totals.Plus(attempt.Outcome)),
        MigrationEffect.Denied => this with { Totals = Totals with { Denied = Totals.Denied + 1 } },
        MigrationEffect.Ignored => this with { Totals = Totals with { Ignored = Totals.Ignored + 1 } },
        _ => this,
    };

    private GatewaySums With(MigrationKind kind, Func<MigrationTotals, MigrationTotals> change)
        => this with { Totals = change(Totals), ByKind = ByKind.With(kind, change) };
}
