using QuicChat.Abstractions.Policies;

namespace QuicChat.Grains.Migrations;

/// <summary>How migrations are tracked.</summary>
public sealed class MigrationOptions
{
    /// <summary>
    /// How long an attempt may stay unresolved. 30 s is longer than a phone takes to change networks, and shorter than the idle time-out
    /// of a connection (60 s), so that a dead path ends by this rule and with this reason.
    /// </summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where clients may move, until an operator says otherwise. Anywhere: a policy is for those who know their networks.</summary>
    public MigrationPolicy Policy { get; set; } = MigrationPolicy.Open;

    /// <summary>
    /// How long after its deadline an attempt is left to its gateway, which knows the path, before the cluster asks the gateway, or ends it where there is none. 5 s covers a
    /// report that has to be repeated after a response time-out.
    /// </summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often silos hand their sums on. At 1 s statistics are about a second old, at one call a silo.</summary>
    public TimeSpan CollectionInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a failed connection can still be asked about. Within 10 min an operator who saw it in the list has looked at it.
    /// </summary>
    public TimeSpan FailedConnectionKept { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many failed migrations are kept for operators. 256 fill some screens, and some 100 KiB.</summary>
    public int FailedMigrationsKept { get; set; } = 256;
}
