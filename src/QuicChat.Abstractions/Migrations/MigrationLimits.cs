namespace QuicChat.Abstractions.Migrations;

/// <summary>What the cluster takes from operators.</summary>
public static class MigrationLimits
{
    /// <summary>The longest reason that is kept, in characters; more is cut off.</summary>
    public const int ReasonLength = 256;

    /// <summary>The shortest time-out of a migration: a client that sends once a second must have its chance.</summary>
    public static TimeSpan ShortestTimeout { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time-out of a migration.</summary>
    public static TimeSpan LongestTimeout { get; } = TimeSpan.FromHours(1);
}
