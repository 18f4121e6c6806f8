using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Policies;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Migrations;
using QuicChat.Gateway.Routing;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Sessions;

/// <summary>All connections of this gateway, and what they share.</summary>
internal sealed class ClientSessions(
    ICluster cluster,
    RoomRelays relays,
    TokenValidator tokens,
    SessionTokens sessionTokens,
    GatewayLimits limits,
    IOptions<GatewayOptions> gateway,
    IOptions<SessionOptions> options,
    TimeProvider time,
    GatewayMetrics metrics,
    ILogger<ClientSessions> logger)
{
    // Enough to keep the cluster busy, few enough that a gateway's connections do not bury it after an outage.
    private const int MaxRegistrations = 64;

    private readonly ConcurrentDictionary<ConnectionId, ClientSession> _sessions = [];
    private readonly CancellationTokenSource _abandoned = new();
    private readonly Lock _timeoutLock = new();
    private TimeSpan _migrationTimeout = QuicDefaults.MigrationTimeout;
    private GatewayLease? _lease;
    private MigrationPolicy _policy = MigrationPolicy.Open;
    private volatile PathPolicy _paths = PathPolicy.Open;
    private volatile bool _isDraining;
    private volatile bool _isStopping;
    private volatile GoAway? _goAway;

    public ICluster Cluster => cluster;

    public RoomRelays Relays => relays;

    public TokenValidator Tokens => tokens;

    public SessionTokens SessionTokens => sessionTokens;

    public GatewayLimits Limits => limits;

    public SessionOptions Options => options.Value;

    public TimeProvider Time => time;

    public GatewayMetrics Metrics => metrics;

    public ILogger Logger => logger;

    public string GatewayId => gateway.Value.Id;

    /// <summary>The engine's name, <c>ngtcp2</c> or <c>system</c>.</summary>
    public string Engine => gateway.Value.Engine.ToString().ToLowerInvariant();

    /// <summary>Silence after which the engine gives a connection up.</summary>
    public TimeSpan IdleTimeout => QuicDefaults.IdleTimeout;

    /// <summary>Bounds registrations in flight.</summary>
    public SemaphoreSlim Registrations { get; } = new(MaxRegistrations);

    /// <summary>Ends all tries to reach the cluster: the process ends.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>Whether the gateway takes no more connections and sends those that it has elsewhere.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>What clients are told meanwhile; <see langword="null"/> before.</summary>
    public GoAway? GoAway => _goAway;

    /// <summary>How many connections there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>How long a migration attempt may stay unresolved; setting it reaches all connections.</summary>
    public TimeSpan MigrationTimeout
    {
        get => _migrationTimeout;
        set
        {
            lock (_timeoutLock)
            {
                if (_migrationTimeout == value)
                {
                    return;
                }

                _migrationTimeout = value;
                logger.MigrationTimeoutChanged(value);
                foreach (var session in _sessions.Values)
                {
                    session.MigrationTimeout = value;
                }
            }
        }
    }

    /// <summary>The lease that connections are registered under; <see langword="null"/> before there is one.</summary>
    public GatewayLease? Lease
    {
        get => Volatile.Read(ref _lease);
        set => Volatile.Write(ref _lease, value);
    }

    /// <summary>Where clients may move; setting it holds for all connections from their next new path on.</summary>
    public MigrationPolicy Policy
    {
        get => _policy;
        set
        {
            if (!_policy.Equals(value))
            {
                _policy = value;
                _paths = new PathPolicy(value);
                logger.PolicyChanged(MigrationPolicyJson.Format(value).ReplaceLineEndings(" "));
            }
        }
    }

    /// <summary><see cref="Policy"/>, ready to judge.</summary>
    public PathPolicy Paths => _paths;

    /// <summary>Whether one more handshake may begin; for the engine, which asks before it spends work on it.</summary>
    public bool Admits() => !_isDraining && limits.AdmitsHandshake(Count);

    /// <summary>Serves a connection, apart from the caller.</summary>
    /// <returns>Its serving, to the end.</returns>
    public Task Start(MultiplexedConnectionContext connection)
    {
        var session = new ClientSession(this, connection);
        lock (_timeoutLock)
        {
            // A value that is set meanwhile comes after this one.
            _sessions[session.Id] = session;
            session.MigrationTimeout = _migrationTimeout;
        }

        session.Running = RunAsync(session);
        if (_isDraining)
        {
            session.Close(ErrorCode.GoingAway, "This gateway takes no more connections; try another one.");
        }
        else if (!limits.AdmitsConnection(Count))
        {
            session.Close(ErrorCode.RateLimited, "This gateway has as many connections as it may; try another one, or later.");
        }

        return session.Running;
    }

    /// <summary>Takes a place among its user's connections: that of the former connection if it has one, else one more.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="former">The connection that the new one resumes, if it does.</param>
    /// <param name="giver">Whose place it was, to be given back if the new connection does not come about.</param>
    public bool TryTakePlace(string userId, ConnectionId? former, out ClientSession? giver)
    {
        giver = former is { } id && _sessions.TryGetValue(id, out var session) && session.TryGivePlace() ? session : null;
        return giver is not null || limits.TryTakePlace(userId);
    }

    /// <summary>Registers all connections again: the cluster has given this gateway up meanwhile.</summary>
    public void RegisterAllAgain()
    {
        foreach (var session in _sessions.Values)
        {
            session.RegisterAgain();
        }
    }

    /// <summary>Has a connection say how its attempt stands; one that is not here is taken out of the registry.</summary>
    public void Check(ConnectionId id)
    {
        if (_sessions.TryGetValue(id, out var session))
        {
            session.Check();
        }
        else
        {
            _ = UnregisterUnknownAsync(id);
        }
    }

    /// <summary>Ends the connections whose token has expired.</summary>
    public void EndExpired()
    {
        var now = time.GetUtcNow();
        foreach (var (_, session) in _sessions)
        {
            session.EndIfExpired(now);
        }
    }

    /// <summary>Closes a connection.</summary>
    /// <returns>Whether this gateway has it.</returns>
    public bool TryClose(ConnectionId id, ErrorCode code, string reason)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            return false;
        }

        session.Close(code, reason);
        return true;
    }

    /// <summary>Ends a connection, at whichever gateway it is, since its client goes on with another one.</summary>
    public void EndFormer(ConnectionId former, ConnectionId successor)
    {
        logger.SessionResumed(successor, former);
        var reason = $"resumed by connection {successor}";
        if (!TryClose(former, ErrorCode.NoError, reason))
        {
            _ = EndElsewhereAsync(former, reason);
        }
    }

    /// <summary>
    /// Takes no more connections, tells all clients to go and where to, and closes the connections of those that have not gone in time. A second
    /// call, while the first waits, has a time limit of its own.
    /// </summary>
    public async Task DrainAsync(TimeSpan timeLimit, string reason, CancellationToken cancellationToken)
    {
        _isDraining = true;
        var goAway = new GoAway { Reason = reason, Alternatives = { await FindAlternativesAsync(cancellationToken) } };
        if (!_isDraining)
        {
            // Taken back meanwhile, before anybody was told.
            return;
        }

        logger.Draining(GatewayId, Count, goAway.Alternatives.Count, timeLimit.TotalSeconds);

        // First this: who is welcomed from now on looks for it.
        _goAway = goAway;
        var sessions = _sessions.Values.ToArray();
        foreach (var session in sessions)
        {
            session.TellToGo(goAway);
        }

        var all = Task.WhenAll(sessions.Select(session => session.Running));
        await all.WaitAsync(timeLimit, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var left = sessions.Count(session => !session.Running.IsCompleted);
        foreach (var session in sessions)
        {
            session.Close(ErrorCode.GoingAway, reason);
        }

        await all.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        logger.Drained(GatewayId, sessions.Length - left, left);
    }

    /// <summary>Takes connections again, unless the process is stopping. Clients that were told to go do, or are closed in time.</summary>
    public void Undrain()
    {
        if (_isStopping || !_isDraining)
        {
            return;
        }

        _isDraining = false;
        _goAway = null;
        logger.Undrained(GatewayId);
    }

    /// <summary>Drains in the short time that a stop has, and takes all connections out of the registry as far as time allows.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        await DrainAsync(options.Value.GoAwayTime, "The gateway is stopping.", cancellationToken);
        if (!_sessions.IsEmpty)
        {
            logger.LeftRegistered(_sessions.Count);
        }

        await _abandoned.CancelAsync();
    }

    private async Task<string[]> FindAlternativesAsync(CancellationToken cancellationToken)
    {
        if (_sessions.IsEmpty)
        {
            return [];
        }

        try
        {
            var gateways = await cluster.Gateways.GetGateways().WaitAsync(options.Value.AlternativesTimeLimit, time, cancellationToken);
            return [.. gateways.Where(gateway => gateway.GatewayId != GatewayId && gateway.IsAlternative()).Select(gateway => gateway.EndPoint)];
        }
        catch (Exception e)
        {
            logger.AlternativesNotFound(e);
            metrics.ClusterCallFailed(nameof(IGatewayRegistryGrain.GetGateways));
            return [];
        }
    }

    private async Task UnregisterUnknownAsync(ConnectionId id)
    {
        try
        {
            await cluster.Connection(id).Unregister("The gateway does not have the connection.");
        }
        catch (Exception e)
        {
            // The cluster asks again.
            logger.ConnectionCallFailed(id, nameof(IConnectionGrain.Unregister), e);
            metrics.ClusterCallFailed(nameof(IConnectionGrain.Unregister));
        }
    }

    private async Task EndElsewhereAsync(ConnectionId id, string reason)
    {
        try
        {
            // Mostly it has ended long ago. Where its gateway is gone too, the end of that one's lease is all that would still come.
            if (await cluster.Connection(id).GetSnapshot() is { } former
                && (former.Registration.GatewayId == GatewayId
                    || !await cluster.Gateways.CloseConnection(former.Registration.GatewayId, id.ToString(), (int)ErrorCode.NoError, reason)))
            {
                await cluster.Connection(id).Unregister(reason);
            }
        }
        catch (Exception e)
        {
            logger.ConnectionCallFailed(id, nameof(IGatewayRegistryGrain.CloseConnection), e);
            metrics.ClusterCallFailed(nameof(IGatewayRegistryGrain.CloseConnection));
        }
    }

    private async Task RunAsync(ClientSession session)
    {
        await Task.Yield();
        try
        {
            await session.RunAsync();
        }
        catch (Exception e) when (e is not OperationCanceledException || !_abandoned.IsCancellationRequested)
        {
            logger.SessionFailed(session.Id, e);
        }
        finally
        {
            _sessions.TryRemove(session.Id, out _);
        }
    }
}
