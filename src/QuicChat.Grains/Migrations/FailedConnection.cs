namespace QuicChat.Grains.Migrations;

/// <summary>A connection that has failed, and what is left to do about it.</summary>
/// <param name="ConnectionId">Which.</param>
/// <param name="UserId">Whose.</param>
/// <param name="GatewayId">The gateway that held it.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="IsListed">Whether its user may still list it.</param>
/// <param name="IsOpen">Whether its gateway may still hold it.</param>
internal sealed record FailedConnection(
    string ConnectionId, string UserId, string GatewayId, string Reason, bool IsListed = true, bool IsOpen = true);
