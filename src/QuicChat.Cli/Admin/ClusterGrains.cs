using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Cli.Admin;

/// <summary>The grains of which a cluster has one.</summary>
internal static class ClusterGrains
{
    /// <summary>Who sums migrations up.</summary>
    public static IMigrationMonitorGrain Monitor(this IGrainFactory grains) => grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);

    /// <summary>Who knows the gateways.</summary>
    public static IGatewayRegistryGrain Gateways(this IGrainFactory grains) => grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);
}
