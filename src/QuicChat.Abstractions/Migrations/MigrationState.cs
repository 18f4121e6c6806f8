namespace QuicChat.Abstractions.Migrations;

/// <summary>Where a connection's migration stands.</summary>
[GenerateSerializer, Alias("quicchat.migration.state")]
public enum MigrationState
{
    /// <summary>No migration in progress.</summary>
    Stable = 0,

    /// <summary>The client uses a path that is not validated yet.</summary>
    Migrating = 1,

    /// <summary>A migration has just completed. It is passed through: recorded and announced, then the state is Stable.</summary>
    MigrationCompleted = 2,

    /// <summary>The connection ended because its new path could not be validated. Terminal.</summary>
    MigrationFailed = 3,
}
