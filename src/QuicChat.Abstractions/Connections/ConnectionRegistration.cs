namespace QuicChat.Abstractions.Connections;

/// <summary>An authenticated connection as its gateway registers it.</summary>
/// <param name="GatewayId">The gateway that holds the connection.</param>
/// <param name="UserId">Who authenticated.</param>
/// <param name="UserName">The name shown to others.</param>
/// <param name="ClientId">The installation of the application.</param>
/// <param name="RemoteEndPoint">The client's validated <c>address:port</c> at registration.</param>
/// <param name="LocalEndPoint">The gateway's <c>address:port</c>.</param>
/// <param name="Engine">The QUIC engine, <c>ngtcp2</c> or <c>system</c>.</param>
/// <param name="ConnectedAt">When the handshake completed, by the gateway's clock.</param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.registration")]
public sealed record ConnectionRegistration(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] string UserId,
    [property: Id(2)] string UserName,
    [property: Id(3)] string ClientId,
    [property: Id(4)] string RemoteEndPoint,
    [property: Id(5)] string LocalEndPoint,
    [property: Id(6)] string Engine,
    [property: Id(7)] DateTimeOffset ConnectedAt)
{
    /// <summary>
    /// The <see cref="Gateways.GatewayLease.Id"/> of the gateway at registration: when that lease is lost, so is the connection, unless it was
    /// registered again under the next one.
    /// </summary>
    [Id(8)]
    public Guid LeaseId { get; init; }
}
