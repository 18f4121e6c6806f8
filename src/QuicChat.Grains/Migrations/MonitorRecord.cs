namespace QuicChat.Grains.Migrations;

/// <summary>What the monitor stores: checkpoints of the silos' sums.</summary>
[GenerateSerializer, Alias("quicchat.migration.monitor-record")]
internal sealed class MonitorRecord
{
    /// <summary>Since when is counted; <see langword="null"/> before the first time.</summary>
    [Id(0)]
    public DateTimeOffset? Since { get; set; }

    /// <summary>The checkpoints of silos that report, or whose connections' records are not all read again yet, by incarnation.</summary>
    [Id(1)]
    public Dictionary<string, SiloSums> Present { get; set; } = [];

    /// <summary>The sums of earlier lives, by the silo's name.</summary>
    [Id(2)]
    public Dictionary<string, SumsByGateway> Past { get; set; } = [];

    /// <summary>What is not shown, because it was counted before the last reset, by the silo's name.</summary>
    [Id(3)]
    public Dictionary<string, SumsByGateway> Baseline { get; set; } = [];
}
