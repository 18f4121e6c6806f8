using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>What a step of the state machine means for those who count.</summary>
internal abstract record MigrationEffect
{
    /// <summary>An attempt began.</summary>
    public sealed record Started(PendingAttempt Attempt) : MigrationEffect;

    /// <summary>An attempt ended.</summary>
    public sealed record Ended(MigrationAttempt Attempt) : MigrationEffect;

    /// <summary>Policy refused a path.</summary>
    public sealed record Denied(string From, string To, MigrationKind Kind, DateTimeOffset At, string? Reason) : MigrationEffect;

    /// <summary>The connection failed with no attempt in flight.</summary>
    public sealed record Failed(string RemoteEndPoint, string Reason) : MigrationEffect;

    /// <summary>An event came late, again, or where it cannot happen; or the events before it are missing.</summary>
    public sealed record Ignored : MigrationEffect;
}
