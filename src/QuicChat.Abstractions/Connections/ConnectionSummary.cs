using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>A connection in a list.</summary>
/// <param name="ConnectionId">Its ID, 32 hex digits.</param>
/// <param name="UserId">Whose.</param>
/// <param name="GatewayId">The gateway that holds it.</param>
/// <param name="Silo">The silo that its grain is active on.</param>
/// <param name="State">Where its migration stands.</param>
/// <param name="RemoteEndPoint">The last validated <c>address:port</c> of the client.</param>
/// <param name="ConnectedAt">When it began, by the gateway's clock.</param>
/// <param name="MigrationCount">Completed migrations.</param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.summary")]
public sealed record ConnectionSummary(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] string UserId,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] string Silo,
    [property: Id(4)] MigrationState State,
    [property: Id(5)] string RemoteEndPoint,
    [property: Id(6)] DateTimeOffset ConnectedAt,
    [property: Id(7)] int MigrationCount);
