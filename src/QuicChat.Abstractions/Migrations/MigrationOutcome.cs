namespace QuicChat.Abstractions.Migrations;

/// <summary>How an attempt ended.</summary>
[GenerateSerializer, Alias("quicchat.migration.outcome")]
public enum MigrationOutcome
{
    /// <summary>The new path was validated.</summary>
    Completed = 0,

    /// <summary>The client went back to the last validated path.</summary>
    Reverted = 1,

    /// <summary>The client went on to a third path.</summary>
    Superseded = 2,

    /// <summary>The client closed the connection meanwhile.</summary>
    Abandoned = 3,

    /// <summary>The engine cannot tell.</summary>
    Unknown = 4,

    /// <summary>The deadline passed, or the gateway was lost.</summary>
    Failed = 5,
}
