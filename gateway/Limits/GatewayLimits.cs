using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Gateway.Diagnostics;

namespace QuicChat.Gateway.Limits;

/// <summary>What the gateway's limits allow right now. Refusals are counted, and told once a minute each.</summary>
internal sealed class GatewayLimits(
    IOptions<LimitOptions> options, TimeProvider time, GatewayMetrics metrics, ILogger<GatewayLimits> logger)
{
    private static readonly TimeSpan TellInterval = TimeSpan.FromMinutes(1);

    private readonly TokenBucket _handshakes = new(options.Value.HandshakeRate, options.Value.HandshakeBurst, time);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _users = [];
    private readonly Dictionary<Limit, long> _toldAt = [];

    public LimitOptions Options => options.Value;

    /// <summary>Whether a handshake may begin.</summary>
    /// <param name="connections">How many connections there are.</param>
    public bool AdmitsHandshake(int connections)
    {
        if (connections >= Options.MaxConnections)
        {
            Refused(Limit.Connections);
            return false;
        }

        if (!_handshakes.TryTake(out _))
        {
            Refused(Limit.HandshakeRate);
            return false;
        }

        return true;
    }

    /// <summary>Whether a connection may stay whose handshake is over: of many that began together, too many may have come through.</summary>
    /// <param name="connections">How many connections there are, this one included.</param>
    public bool AdmitsConnection(int connections)
    {
        if (connections > Options.MaxConnections)
        {
            Refused(Limit.Connections);
            return false;
        }

        return true;
    }

    /// <summary>Takes a place for a connection of a user.</summary>
    public bool TryTakePlace(string userId)
    {
        lock (_lock)
        {
            var taken = _users.GetValueOrDefault(userId);
            if (taken < Options.MaxConnectionsPerUser)
            {
                _users[userId] = taken + 1;
                return true;
            }
        }

        Refused(Limit.UserConnections);
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void ReleasePlace(string userId)
    {
        lock (_lock)
        {
            if (--_users[userId] == 0)
            {
                _users.Remove(userId);
            }
        }
    }

    /// <summary>The messages that one connection may publish.</summary>
    public TokenBucket NewPublishBucket() => new(Options.PublishRate, Options.PublishBurst, time);

    /// <summary>The rooms that one connection may join.</summary>
    public TokenBucket NewJoinBucket() => new(Options.JoinRate, Options.JoinBurst, time);

    /// <summary>The pages of history that one connection may read.</summary>
    public TokenBucket NewHistoryBucket() => new(Options.HistoryRate, Options.HistoryBurst, time);

    /// <summary>Counts a refusal, or that something has to wait.</summary>
    public void Refused(Limit limit)
    {
        metrics.LimitRefused(limit);
        lock (_lock)
        {
            if (_toldAt.TryGetValue(limit, out var at) && time.GetElapsedTime(at) < TellInterval)
            {
                return;
            }

            _toldAt[limit] = time.GetTimestamp();
        }

        logger.LimitReached(limit);
    }
}
