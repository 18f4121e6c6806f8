namespace QuicChat.Quic.Engines;

/// <summary>Values that both ends of a connection take unless told otherwise.</summary>
public static class QuicDefaults
{
    /// <summary>The application protocol of QuicChat.</summary>
    public const string ApplicationProtocol = "quicchat/1";

    /// <summary>60 s: longer than the migration deadline, so that a failed migration is reported as such and not as silence.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>30 s: the time that a migration attempt may stay unresolved.</summary>
    public static readonly TimeSpan MigrationTimeout = TimeSpan.FromSeconds(30);
}
