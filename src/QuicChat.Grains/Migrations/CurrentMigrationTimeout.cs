using Microsoft.Extensions.Options;

namespace QuicChat.Grains.Migrations;

/// <summary>How long an attempt may stay unresolved, as this silo knows it: the option until the cluster's own value has come.</summary>
internal sealed class CurrentMigrationTimeout(IOptions<MigrationOptions> options)
{
    private long _ticks = options.Value.Timeout.Ticks;

    /// <summary>The time-out now; silos set it, connections read it.</summary>
    public TimeSpan Value
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _ticks));
        set => Volatile.Write(ref _ticks, value.Ticks);
    }
}
