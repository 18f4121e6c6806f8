namespace QuicChat.Abstractions.Migrations;

/// <summary>Where a connection's migration stands. At rest it is one of three: <see cref="MigrationCompleted"/> is never found in a record.</summary>
[GenerateSerializer, Alias("quicchat.migration.state")]
public enum MigrationState
{
    /// <summary>No migration in progress.</summary>
    Stable = 0,

    /// <summary>The client uses a path that is not validated yet.</summary>
    Migrating = 1,

    /// <summary>
    /// A migration has just completed. It is passed through and never assigned: the completed attempt is counted, stands in the history and
    /// is announced, in the same step in which the state becomes <see cref="Stable"/> again. Whoever tells of transitions names it.
    /// </summary>
    MigrationCompleted = 2,

    /// <summary>The connection ended because its new path could not be validated. Terminal.</summary>
    MigrationFailed = 3,
}
