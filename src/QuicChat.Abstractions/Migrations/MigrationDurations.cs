namespace QuicChat.Abstractions.Migrations;

/// <summary>How long completed attempts took, in milliseconds; all zero before the first.</summary>
/// <param name="P50">The median.</param>
/// <param name="P90">90 of 100 were no longer.</param>
/// <param name="P99">99 of 100 were no longer.</param>
/// <param name="Max">The longest.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.durations")]
public sealed record MigrationDurations(
    [property: Id(0)] double P50,
    [property: Id(1)] double P90,
    [property: Id(2)] double P99,
    [property: Id(3)] double Max);
