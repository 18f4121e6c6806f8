namespace QuicChat.Grains.Migrations;

/// <summary>
/// What one silo has counted of one connection during one stint: from the moment when the connection became active on the silo until it
/// closed or left. It is written with the connection's record, in the same write as what it counts, and stays there until a durable
/// checkpoint of the silo's sums contains it.
/// </summary>
/// <param name="Stint">Which stint.</param>
/// <param name="Incarnation">The life of the silo.</param>
/// <param name="GatewayId">The gateway that held the connection.</param>
/// <param name="Sums">What was counted.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.connection-tally")]
internal sealed record ConnectionTally(
    [property: Id(0)] Guid Stint,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] GatewaySums Sums);
