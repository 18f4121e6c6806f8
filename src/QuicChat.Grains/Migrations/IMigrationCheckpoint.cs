using Orleans.Concurrency;

namespace QuicChat.Grains.Migrations;

/// <summary>The side of the monitor that silos report to.</summary>
[Alias("quicchat.migration-checkpoint")]
internal interface IMigrationCheckpoint : IGrainWithStringKey
{
    /// <summary>Takes the sums of a silo.</summary>
    /// <param name="report">The sums.</param>
    /// <param name="silo">Where to ask this silo.</param>
    [Alias("Push")]
    [AlwaysInterleave]
    Task<CollectorReceipt> Push(CollectorReport report, IMigrationCollectorObserver silo);
}
