namespace QuicChat.Abstractions.Gateways;

/// <summary>A gateway process.</summary>
/// <param name="GatewayId">Its name, unique in the cluster.</param>
/// <param name="ServerId">
/// Its server ID in connection IDs. In what a gateway says of itself it is the one that it wants to have, 0 for any.
/// </param>
/// <param name="EndPoint">Where clients reach it, <c>host:port</c>.</param>
/// <param name="Engine">Its QUIC engine.</param>
/// <param name="Connections">How many connections it holds.</param>
/// <param name="StartedAt">When the process started.</param>
/// <param name="SettingsVersion">The version of the cluster's settings that it goes by; see <see cref="GatewayLease.SettingsVersion"/>.</param>
/// <param name="IsDraining">Whether it takes no more connections and sends those that it has elsewhere.</param>
/// <param name="LinkEndPoint">Where other gateways hand datagrams of its connections to it, <c>address:port</c>; empty where they cannot.</param>
/// <param name="PoolVersion">Which gateways it knows of; see <see cref="GatewayLease.PoolVersion"/>.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.description")]
public sealed record GatewayDescription(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] uint ServerId,
    [property: Id(2)] string EndPoint,
    [property: Id(3)] string Engine,
    [property: Id(4)] int Connections,
    [property: Id(5)] DateTimeOffset StartedAt,
    [property: Id(6)] long SettingsVersion,
    [property: Id(7)] bool IsDraining = false,
    [property: Id(8)] string LinkEndPoint = "",
    [property: Id(9)] long PoolVersion = -1);
