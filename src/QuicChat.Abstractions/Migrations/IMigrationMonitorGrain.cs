using System.Collections.Immutable;
using Orleans.Concurrency;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Abstractions.Migrations;

/// <summary>Migrations of the whole cluster. There is one, with the key <see cref="Key"/>; a reminder brings it back wherever a silo lives.</summary>
[Alias("quicchat.migration-monitor")]
public interface IMigrationMonitorGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "cluster";

    /// <summary>The most connections that one answer lists; some 2 MB.</summary>
    const int MostConnections = 10_000;

    /// <summary>Sums over all silos and gateways.</summary>
    [Alias("GetMigrationStats")]
    [AlwaysInterleave]
    Task<MigrationStats> GetMigrationStats();

    /// <summary>Connections with an attempt in flight, oldest attempt first.</summary>
    [Alias("GetMigratingConnections")]
    [AlwaysInterleave]
    Task<MigratingList> GetMigratingConnections(int limit);

    /// <summary>Connections of the whole cluster, the newest first.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is not from 1 to <see cref="MostConnections"/>.</exception>
    [Alias("GetConnections")]
    [AlwaysInterleave]
    Task<ConnectionList> GetConnections(ConnectionFilter filter, int limit);

    /// <summary>Connections that failed lately, newest first.</summary>
    [Alias("GetFailedMigrations")]
    [AlwaysInterleave]
    Task<ImmutableArray<FailedMigration>> GetFailedMigrations(int limit);

    /// <summary>How long a migration attempt may stay unresolved, in the whole cluster.</summary>
    [Alias("GetTimeout")]
    [AlwaysInterleave]
    Task<TimeSpan> GetTimeout();

    /// <summary>
    /// Sets how long a migration attempt may stay unresolved, attempts in flight included. It is durable when this returns, and gateways
    /// know it within 2 s.
    /// </summary>
    /// <returns>The version of the settings that a gateway names once it goes by this.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is not from 1 s to 1 h.</exception>
    [Alias("SetTimeout")]
    [AlwaysInterleave]
    Task<long> SetTimeout(TimeSpan timeout);

    /// <summary>Where clients may move, in the whole cluster.</summary>
    [Alias("GetPolicy")]
    [AlwaysInterleave]
    Task<MigrationPolicy> GetPolicy();

    /// <summary>Sets where clients may move. It is durable when this returns, and gateways know it within 2 s; who has moved already stays.</summary>
    /// <returns>The version of the settings that a gateway names once it goes by this.</returns>
    /// <exception cref="ArgumentException">It is no policy.</exception>
    [Alias("SetPolicy")]
    [AlwaysInterleave]
    Task<long> SetPolicy(MigrationPolicy policy);

    /// <summary>
    /// Counts from now on: totals and durations begin at zero, but for attempts in flight, which count as started. Connections and the list
    /// of failed migrations stay.
    /// </summary>
    /// <exception cref="InvalidOperationException">A silo has not said what it counted before: it does not answer, or has died and is being read again.</exception>
    [Alias("Reset")]
    [AlwaysInterleave]
    Task Reset();

    /// <summary>
    /// Tells an observer of every migration from now on. It is a lease: subscribing again renews it, and does so too where the monitor has died
    /// meanwhile or a silo has given the observer up. The observer must be held by whoever made it; Orleans holds it weakly.
    /// </summary>
    /// <returns>How long the lease runs. A third of it is a good time to subscribe again.</returns>
    /// <exception cref="TooManyObserversException">There are 32 others.</exception>
    [Alias("Subscribe")]
    [AlwaysInterleave]
    Task<TimeSpan> Subscribe(IMigrationObserver observer);

    /// <summary>Ends a subscription. Silos hear of it before this returns, or else within a second or so.</summary>
    [Alias("Unsubscribe")]
    [AlwaysInterleave]
    Task Unsubscribe(IMigrationObserver observer);
}
