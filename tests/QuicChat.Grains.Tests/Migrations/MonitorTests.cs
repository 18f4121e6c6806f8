using Microsoft.Extensions.DependencyInjection;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Tests.Cluster;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>What tests of the monitor share: a gateway of the test's own, and a user.</summary>
public abstract class MonitorTests(ClusterFixture cluster)
{
    protected ClusterFixture Cluster => cluster;

    protected TestGateway Gateway { get; } = new(cluster);

    protected string User { get; } = Guid.NewGuid().ToString("N");

    protected IMigrationMonitorGrain Monitor => cluster.Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);

    protected bool IsSettled() => cluster.Silos.All(silo => silo.ServiceProvider.GetRequiredService<MigrationCollector>().IsSettled);

    protected MigrationStatsPart Part(MigrationStats stats) => Assert.Single(stats.Gateways, gateway => gateway.Id == Gateway.Id);
}
