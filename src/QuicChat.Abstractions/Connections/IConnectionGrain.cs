using System.Collections.Immutable;
using Orleans.Concurrency;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Abstractions.Connections;

/// <summary>One client connection, keyed by its connection ID (32 lower-case hex digits): who it is, and its migrations.</summary>
[Alias("quicchat.connection")]
public interface IConnectionGrain : IGrainWithStringKey
{
    /// <summary>
    /// Enters an authenticated connection into the registry. Repeating it with the same gateway changes nothing but the lease that it is held
    /// under. One that was closed because its gateway was lost, and is registered again by that gateway, goes on from its last event number.
    /// </summary>
    [Alias("Register")]
    Task<ConnectionSnapshot> Register(ConnectionRegistration registration);

    /// <summary>
    /// Applies path events above the last one applied, in order, and answers once the result is durable. Repeated, late and
    /// impossible events are counted and otherwise ignored; a report never throws because of its contents.
    /// </summary>
    [Alias("Report")]
    Task<PathReportReceipt> Report(PathReport report);

    /// <summary>Takes the connection out of the registry; an attempt in flight is counted as abandoned.</summary>
    [Alias("Unregister")]
    Task Unregister(string reason);

    /// <summary>Ends the attempt in flight, or the connection where there is none, as failed.</summary>
    /// <returns>Whether the connection was registered and had not failed before.</returns>
    [Alias("FailMigration")]
    Task<bool> FailMigration(string reason);

    /// <summary>All that is known, or <see langword="null"/> for an unknown connection.</summary>
    [Alias("GetSnapshot")]
    [ReadOnly]
    Task<ConnectionSnapshot?> GetSnapshot();

    /// <summary>Where its migration stands, or <see langword="null"/> for an unknown connection.</summary>
    [Alias("GetState")]
    [ReadOnly]
    Task<MigrationState?> GetState();

    /// <summary>Its attempts by outcome; all zero for an unknown connection.</summary>
    [Alias("GetTotals")]
    [ReadOnly]
    Task<MigrationTotals> GetTotals();

    /// <summary>Its last attempts that have ended, newest last, at most 32; none for an unknown connection.</summary>
    [Alias("GetHistory")]
    [ReadOnly]
    Task<ImmutableArray<MigrationAttempt>> GetHistory();

    /// <summary>Whether an attempt is in flight.</summary>
    [Alias("IsMigrating")]
    [ReadOnly]
    Task<bool> IsMigrating();

    /// <summary>Whether the connection ended by a failed migration.</summary>
    [Alias("HasMigrationFailed")]
    [ReadOnly]
    Task<bool> HasMigrationFailed();

    /// <summary>Whether an attempt has been in flight for longer than <paramref name="timeout"/>.</summary>
    [Alias("HasMigrationTimedOut")]
    [ReadOnly]
    Task<bool> HasMigrationTimedOut(TimeSpan timeout);

    /// <summary>For how long the attempt in flight has lasted; <see langword="null"/> where there is none.</summary>
    [Alias("TimeSinceMigrationStarted")]
    [ReadOnly]
    Task<TimeSpan?> TimeSinceMigrationStarted();
}
