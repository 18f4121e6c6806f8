using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>The answer to a report, sent once its effect is durable.</summary>
/// <param name="LastEventNumber">The highest event number applied: the gateway drops events up to it.</param>
/// <param name="State">The state after them.</param>
/// <param name="Registered">Whether the connection is in the registry; if not, the gateway registers it again.</param>
/// <param name="FailureReason">Why the connection has failed, where it has.</param>
[GenerateSerializer, Immutable, Alias("quicchat.path.receipt")]
public sealed record PathReportReceipt(
    [property: Id(0)] long LastEventNumber,
    [property: Id(1)] MigrationState State,
    [property: Id(2)] bool Registered,
    [property: Id(3)] string? FailureReason = null);
