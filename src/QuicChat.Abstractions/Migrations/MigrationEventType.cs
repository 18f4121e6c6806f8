namespace QuicChat.Abstractions.Migrations;

/// <summary>What a <see cref="MigrationEvent"/> tells of.</summary>
[GenerateSerializer, Alias("quicchat.migration.event-type")]
public enum MigrationEventType
{
    /// <summary>An attempt began.</summary>
    Began = 0,

    /// <summary>An attempt ended, whichever way.</summary>
    Ended = 1,

    /// <summary>Policy refused a path. This is no attempt.</summary>
    Denied = 2,

    /// <summary>The connection ended as failed with no attempt in flight, as by an operator's word. This is no attempt.</summary>
    Failed = 3,
}
