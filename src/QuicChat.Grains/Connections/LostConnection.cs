namespace QuicChat.Grains.Connections;

/// <summary>
/// What is kept of a connection that was closed because its gateway was lost. The gateway may live after all, and may still hold events that
/// were applied and whose answer it has not heard.
/// </summary>
/// <param name="GatewayId">The gateway.</param>
/// <param name="LostAt">When the connection was closed, by the silos' clock.</param>
/// <param name="LastEventNumber">The highest event number applied.</param>
[GenerateSerializer, Immutable, Alias("quicchat.connection.lost")]
internal sealed record LostConnection(
    [property: Id(0)] string GatewayId, [property: Id(1)] DateTimeOffset LostAt, [property: Id(2)] long LastEventNumber);
