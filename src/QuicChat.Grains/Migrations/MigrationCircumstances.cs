namespace QuicChat.Grains.Migrations;

/// <summary>What the state machine is told of the world around it.</summary>
/// <param name="Now">The time, by the silo's clock.</param>
/// <param name="Timeout">How long an attempt may stay unresolved.</param>
/// <param name="GatewayId">The gateway that holds the connection.</param>
/// <param name="Silo">The silo that records it.</param>
internal readonly record struct MigrationCircumstances(DateTimeOffset Now, TimeSpan Timeout, string GatewayId, string Silo);
