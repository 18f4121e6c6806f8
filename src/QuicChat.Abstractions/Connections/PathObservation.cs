using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>One path event of a connection as its gateway saw it.</summary>
/// <param name="Number">Its number, dense from 1 a connection.</param>
/// <param name="Type">What happened.</param>
/// <param name="From">The client's last validated <c>address:port</c>.</param>
/// <param name="To">The client's <c>address:port</c> that the event is about.</param>
/// <param name="Kind">What changed between the two; only the address's port, the address, or its family.</param>
/// <param name="At">When, by the gateway's clock.</param>
/// <param name="Duration">Time since the attempt began, by the gateway's monotonic clock; zero for <see cref="PathObservationType.Detected"/>.</param>
/// <param name="Inferred">Whether the end was inferred from an application round trip.</param>
/// <param name="Reason">Why an attempt failed or was denied.</param>
[GenerateSerializer, Immutable, Alias("quicchat.path.observation")]
public sealed record PathObservation(
    [property: Id(0)] long Number,
    [property: Id(1)] PathObservationType Type,
    [property: Id(2)] string From,
    [property: Id(3)] string To,
    [property: Id(4)] MigrationKind Kind,
    [property: Id(5)] DateTimeOffset At,
    [property: Id(6)] TimeSpan Duration,
    [property: Id(7)] bool Inferred,
    [property: Id(8)] string? Reason);
