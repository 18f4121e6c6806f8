using System.Collections.Concurrent;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Users;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// What follows from a connection's failure: its user's list and its gateway hear of it. The connection's grain has it tried at once, and the silo
/// again each second until both have happened.
/// </summary>
internal sealed class FailureCleanup(ActiveConnections connections, IGrainFactory grains)
{
    // MIGRATION_FAILED of the wire protocol.
    private const int MigrationFailedCode = 4;

    private readonly ConcurrentDictionary<string, bool> _underWay = [];

    /// <summary>Does what is left to do of a failed connection, unless that is under way already.</summary>
    public async Task CleanAsync(FailedConnection failed)
    {
        if (!_underWay.TryAdd(failed.ConnectionId, true))
        {
            return;
        }

        try
        {
            // The user goes, also where the gateway does not answer.
            await Task.WhenAll(LeaveUserAsync(failed), CloseAsync(failed));
        }
        finally
        {
            _underWay.TryRemove(failed.ConnectionId, out _);
        }
    }

    private async Task LeaveUserAsync(FailedConnection failed)
    {
        if (failed.IsListed)
        {
            await grains.GetGrain<IUserGrain>(failed.UserId).RemoveConnection(failed.ConnectionId);
            connections.LeftUser(failed.ConnectionId);
        }
    }

    private async Task CloseAsync(FailedConnection failed)
    {
        // A registry that has just become active may not know yet how to reach the gateway.
        if (failed.IsOpen && await grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key)
            .CloseConnection(failed.GatewayId, failed.ConnectionId, MigrationFailedCode, failed.Reason))
        {
            connections.Closed(failed.ConnectionId);
        }
    }
}
