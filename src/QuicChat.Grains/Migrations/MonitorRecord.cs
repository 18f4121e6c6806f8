namespace QuicChat.Grains.Migrations;

/// <summary>What the monitor stores: the sums, so that a silo's death takes none along that was reported.</summary>
[GenerateSerializer, Alias("quicchat.migration.monitor-record")]
internal sealed class MonitorRecord
{
    /// <summary>Since when is counted; <see langword="null"/> before the first time.</summary>
    [Id(0)]
    public DateTimeOffset? Since { get; set; }

    /// <summary>The sums of silos that may still report, by incarnation.</summary>
    [Id(1)]
    public Dictionary<string, SiloSums> Present { get; set; } = [];

    /// <summary>The sums of earlier lives, by the silo's name.</summary>
    [Id(2)]
    public Dictionary<string, SiloSums> Past { get; set; } = [];
}
