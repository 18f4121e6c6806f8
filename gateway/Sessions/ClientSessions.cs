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
using QuicChat.Gateway.Migrations;
using QuicChat.Gateway.Routing;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Sessions;

/// <summary>All connections of this gateway, and what they share.</summary>
internal sealed class ClientSessions(
    ICluster cluster,
    RoomRelays relays,
    TokenValidator tokens,
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

    public ICluster Cluster => cluster;

    public RoomRelays Relays => relays;

    public TokenValidator Tokens => tokens;

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

    /// <summary>Serves a connection, apart from the caller.</summary>
    public void Start(MultiplexedConnectionContext connection)
    {
        var session = new ClientSession(this, connection);
        lock (_timeoutLock)
        {
            // A value that is set meanwhile comes after this one.
            _sessions[session.Id] = session;
            session.MigrationTimeout = _migrationTimeout;
        }

        session.Running = RunAsync(session);
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

    /// <summary>Tells all clients to go, closes their connections, and takes them out of the registry as far as time allows.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        const string Reason = "The gateway is stopping.";
        var sessions = _sessions.Values.ToArray();
        foreach (var session in sessions)
        {
            session.GoAway(Reason);
        }

        var all = Task.WhenAll(sessions.Select(session => session.Running));
        await all.WaitAsync(options.Value.GoAwayTime, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var session in sessions)
        {
            session.Close(ErrorCode.GoingAway, Reason);
        }

        await all.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!all.IsCompleted)
        {
            logger.LeftRegistered(_sessions.Count);
        }

        await _abandoned.CancelAsync();
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
