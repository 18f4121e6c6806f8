using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Sessions;
using QuicChat.Protocol;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Routing;

/// <summary>
/// What the cluster tells this gateway. Calls come one at a time, so each only hands over and returns; none throws, for a grain takes an
/// exception as a dead gateway.
/// </summary>
internal sealed class GatewayObserver(
    RoomRelays relays, ClientSessions sessions, GatewayMetrics metrics, ILogger<GatewayObserver> logger) : IGatewayObserver
{
    public Task Deliver(RoomBatch batch)
    {
        relays.Deliver(batch);
        return Task.CompletedTask;
    }

    public Task DeliverPresence(PresenceBatch batch)
    {
        relays.Deliver(batch);
        return Task.CompletedTask;
    }

    public Task CloseConnection(string connectionId, int errorCode, string reason)
    {
        if (!ConnectionId.TryParse(connectionId, null, out var id) || !sessions.TryClose(id, ErrorCodes.FromWire((ulong)errorCode), reason))
        {
            logger.CloseIgnored(connectionId, errorCode, reason);
            metrics.PushIgnored("close");
        }

        return Task.CompletedTask;
    }

    public Task Drain(TimeSpan timeLimit)
    {
        // It takes its time, and other calls wait for this one.
        _ = sessions.DrainAsync(timeLimit, "The gateway is being drained.", CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task Undrain()
    {
        sessions.Undrain();
        return Task.CompletedTask;
    }

    public Task CheckConnections(ImmutableArray<string> connectionIds)
    {
        foreach (var connectionId in connectionIds.IsDefault ? [] : connectionIds)
        {
            if (ConnectionId.TryParse(connectionId, null, out var id))
            {
                sessions.Check(id);
            }
            else
            {
                metrics.PushIgnored("check");
            }
        }

        return Task.CompletedTask;
    }
}
