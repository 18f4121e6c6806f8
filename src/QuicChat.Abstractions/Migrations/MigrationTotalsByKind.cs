namespace QuicChat.Abstractions.Migrations;

/// <summary>Attempts by kind and outcome; what belongs to no attempt is in none of them.</summary>
/// <param name="PortOnly">Those where only the port changed.</param>
/// <param name="Address">Those where the address changed.</param>
/// <param name="Family">Those where the address family changed.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.totals-by-kind")]
public sealed record MigrationTotalsByKind(
    [property: Id(0)] MigrationTotals PortOnly,
    [property: Id(1)] MigrationTotals Address,
    [property: Id(2)] MigrationTotals Family)
{
    /// <summary>No attempts.</summary>
    public static MigrationTotalsByKind Zero { get; } = new(MigrationTotals.Zero, MigrationTotals.Zero, MigrationTotals.Zero);
}
