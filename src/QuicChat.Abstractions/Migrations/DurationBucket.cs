namespace QuicChat.Abstractions.Migrations;

/// <summary>One bar of a distribution of durations.</summary>
/// <param name="UpToMs">The longest duration that counts here, in milliseconds; the shortest is just above the bar before.</param>
/// <param name="Count">How many.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.duration-bucket")]
public sealed record DurationBucket([property: Id(0)] double UpToMs, [property: Id(1)] long Count);
