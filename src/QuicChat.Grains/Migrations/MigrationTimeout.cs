using Microsoft.Extensions.Options;

namespace QuicChat.Grains.Migrations;

/// <summary>How long an attempt may stay unresolved, as this silo knows it: the option until the cluster's own value has come.</summary>
internal sealed class MigrationTimeout(IOptions<MigrationOptions> options)
{
    /// <summary>The shortest that is allowed: a client that sends once a second must have its chance.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>The longest that is allowed.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private long _ticks = options.Value.Timeout.Ticks;

    /// <summary>The time-out now; silos set it, connections read it.</summary>
    public TimeSpan Value
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _ticks));
        set => Volatile.Write(ref _ticks, value.Ticks);
    }
}
