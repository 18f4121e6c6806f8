using Orleans.Concurrency;
using QuicChat.Grains.Gateways;

namespace QuicChat.Grains.Migrations;

/// <summary>The side of the monitor that silos report to.</summary>
[Alias("quicchat.migration-checkpoint")]
internal interface IMigrationCheckpoint : IGrainWithStringKey
{
    /// <summary>Takes the sums of a silo.</summary>
    /// <param name="report">The sums.</param>
    /// <param name="silo">Where to ask this silo.</param>
    /// <returns>
    /// What the silo needs to know of gateways, whose connections it ends where they are lost; <see langword="null"/> where that is not known now.
    /// </returns>
    [Alias("Push")]
    [AlwaysInterleave]
    Task<GatewayLiveness?> Push(CollectorReport report, IMigrationCollectorObserver silo);
}
