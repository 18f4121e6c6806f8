using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>Which connections somebody asks for: those that fulfil all that is said.</summary>
/// <param name="UserId">Only those of one user.</param>
/// <param name="GatewayId">Only those that one gateway holds.</param>
/// <param name="State">
/// Only those in one state. Without it all that are registered; those that have failed, which are kept for a while, are only asked for by
/// their state.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.filter")]
public sealed record ConnectionFilter(
    [property: Id(0)] string? UserId = null,
    [property: Id(1)] string? GatewayId = null,
    [property: Id(2)] MigrationState? State = null);
