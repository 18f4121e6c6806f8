namespace QuicChat.Abstractions.Gateways;

/// <summary>Another gateway, as one of those that clients' datagrams are handed on to.</summary>
/// <param name="ServerId">Its server ID in connection IDs.</param>
/// <param name="LinkEndPoint">Where gateways reach it, <c>address:port</c>.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.peer")]
public sealed record GatewayPeer([property: Id(0)] uint ServerId, [property: Id(1)] string LinkEndPoint);
