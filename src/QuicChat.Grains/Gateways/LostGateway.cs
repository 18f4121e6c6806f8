namespace QuicChat.Grains.Gateways;

/// <summary>
/// A lease that is lost: its gateway left, the lease ended, or another process took the gateway's name. What was registered under it is gone
/// with it; the same gateway, if it comes back, and another process of its name register under another lease.
/// </summary>
/// <param name="GatewayId">The gateway's name.</param>
/// <param name="StartedAt">Which of the processes of that name.</param>
/// <param name="LostAt">When, by the silos' clock.</param>
/// <param name="LeaseId">The lease.</param>
[GenerateSerializer, Immutable, Alias("quicchat.gateway.lost")]
internal sealed record LostGateway(
    [property: Id(0)] string GatewayId,
    [property: Id(1)] DateTimeOffset StartedAt,
    [property: Id(2)] DateTimeOffset LostAt,
    [property: Id(3)] Guid LeaseId);
