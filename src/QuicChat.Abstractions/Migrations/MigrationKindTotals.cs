namespace QuicChat.Abstractions.Migrations;

/// <summary>Completed attempts by kind.</summary>
/// <param name="PortOnly">Only the port changed.</param>
/// <param name="Address">The address changed.</param>
/// <param name="Family">The address family changed.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.kinds")]
public sealed record MigrationKindTotals(
    [property: Id(0)] long PortOnly,
    [property: Id(1)] long Address,
    [property: Id(2)] long Family)
{
    /// <summary>None.</summary>
    public static MigrationKindTotals Zero { get; } = new(0, 0, 0);
}
