namespace QuicChat.Grains.Gateways;

/// <summary>A gateway whose connections are gone: it left, its lease ended, or another process took its name.</summary>
/// <param name="GatewayId">Its name.</param>
/// <param name="StartedAt">Which of the processes of that name.</param>
/// <param name="ConnectedBefore">Which of its connections: those from before this moment, by the gateway's clock.</param>
/// <param name="LostAt">When it was noticed.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.lost")]
internal sealed record LostGateway(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] DateTimeOffset StartedAt,
    [property: Id(2)] DateTimeOffset ConnectedBefore,
    [property: Id(3)] DateTimeOffset LostAt);
