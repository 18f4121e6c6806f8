namespace QuicChat.Grains.Gateways;

/// <summary>
/// A gateway process that is gone: it left, its lease ended, or another process took its name. What it registered before that moment is
/// gone with it; a process of the same name registers later.
/// </summary>
/// <param name="GatewayId">Its name.</param>
/// <param name="StartedAt">Which of the processes of that name.</param>
/// <param name="LostAt">When, by the silos' clock.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.lost")]
internal sealed record LostGateway(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] DateTimeOffset StartedAt,
    [property: Id(2)] DateTimeOffset LostAt);
