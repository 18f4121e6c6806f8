using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Routing;

namespace QuicChat.Gateway.Fanout;

/// <summary>The rooms that this gateway has members in: one relay each, however many members.</summary>
internal sealed class RoomRelays(
    ICluster cluster,
    IOptions<GatewayOptions> gateway,
    IOptions<FanoutOptions> options,
    TimeProvider time,
    GatewayMetrics metrics,
    ILogger<RoomRelays> logger)
{
    private readonly Dictionary<string, RoomRelay> _relays = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _lastRoster;

    public ICluster Cluster => cluster;

    public string GatewayId => gateway.Value.Id;

    public FanoutOptions Options => options.Value;

    public TimeProvider Time => time;

    public GatewayMetrics Metrics => metrics;

    public ILogger Logger => logger;

    /// <summary>The relay of a room, for one more stream; <see cref="Leave"/> gives it back.</summary>
    public RoomRelay Enter(string room)
    {
        lock (_lock)
        {
            if (!_relays.TryGetValue(room, out var relay))
            {
                // Later ones are larger, also those of the process that comes after this one.
                _lastRoster = Math.Max(_lastRoster + 1, time.GetUtcNow().UtcTicks);
                relay = new RoomRelay(this, room, _lastRoster);
                _relays.Add(room, relay);
            }

            relay.Users++;
            return relay;
        }
    }

    /// <summary>Gives a relay back. It stays until its next renewal, for members often come right back.</summary>
    public void Leave(RoomRelay relay)
    {
        lock (_lock)
        {
            relay.Users--;
        }
    }

    /// <summary>Hands a batch to its room's relay.</summary>
    public void Deliver(RoomBatch batch)
    {
        RoomRelay? relay;
        lock (_lock)
        {
            _relays.TryGetValue(batch.Room, out relay);
        }

        if (relay is null || batch.Messages.IsDefaultOrEmpty)
        {
            logger.BatchIgnored(batch.Room);
            metrics.PushIgnored("batch");
            return;
        }

        metrics.FanoutBatch(batch.Messages.Length);
        relay.Deliver(batch);
    }

    /// <summary>Hands changes of who is in a room to its relay.</summary>
    public void Deliver(PresenceBatch batch)
    {
        RoomRelay? relay;
        lock (_lock)
        {
            _relays.TryGetValue(batch.Room, out relay);
        }

        if (relay is null)
        {
            metrics.PushIgnored("presence");
            return;
        }

        relay.Deliver(batch);
    }

    /// <summary>Has every relay ask for its room's messages again, now.</summary>
    public void RenewAll()
    {
        lock (_lock)
        {
            foreach (var relay in _relays.Values)
            {
                relay.RenewNow();
            }
        }
    }

    /// <summary>How many rooms have streams, and how many streams those are.</summary>
    public (int Rooms, int Streams) Count()
    {
        lock (_lock)
        {
            return (_relays.Values.Count(relay => relay.Users > 0), _relays.Values.Sum(relay => relay.Users));
        }
    }

    /// <summary>Whether a relay has streams.</summary>
    public bool IsUsed(RoomRelay relay)
    {
        lock (_lock)
        {
            return relay.Users > 0;
        }
    }

    /// <summary>Forgets a relay without streams; <paramref name="always"/>, with them too.</summary>
    /// <returns>Whether it was forgotten.</returns>
    public bool TryRetire(RoomRelay relay, bool always)
    {
        lock (_lock)
        {
            return (always || relay.Users == 0) && _relays.Remove(relay.Room);
        }
    }

    /// <summary>Why a stream ends whose room has not answered for too long.</summary>
    public RoomStreamException NoAnswer(string room)
        => new(ErrorCode.Internal, $"Room {room} has not answered for {Options.CallTimeLimit.TotalSeconds:0} s.");

    /// <summary>Ends all relays and says so to their rooms.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        List<RoomRelay> relays;
        lock (_lock)
        {
            relays = [.. _relays.Values];
        }

        await Task.WhenAll(relays.Select(relay => relay.StopAsync())).WaitAsync(cancellationToken);
    }
}
