using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.TestingHost;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>The silo dies that holds the monitor, and with it the list of observers.</summary>
[Collection(AloneCollection.Name)]
public sealed class ObserverDeathTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SharedGrainStorage _storage = new();

    [Fact]
    public async Task WhoSubscribesAgainGoesOnHearing()
    {
        await using var cluster = await DeployAsync();
        var monitor = cluster.Client.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key);
        var observer = new TestObserver(cluster.Client);
        await monitor.Subscribe(observer.Reference);
        var connection = cluster.Client.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        await connection.Register(new ConnectionRegistration("gw-1", "ann", "Ann", "client-1", "192.0.2.1:1000", "[::1]:4433", "ngtcp2", _clock.GetUtcNow()));
        await HeardAsync(1_000);

        var address = await cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(monitor);
        await cluster.KillSiloAsync(cluster.Silos.Single(silo => silo.SiloAddress.Equals(address)));
        _clock.Advance(TimeSpan.FromSeconds(20));
        await RetryAsync(() => monitor.Subscribe(observer.Reference), "the subscription after the monitor's death");

        // The lease that the dead monitor gave has ended; the one of the new monitor runs.
        _clock.Advance(TimeSpan.FromSeconds(20));
        var last = await HeardAsync(3_000);
        Assert.Equal(Assert.Single(cluster.Silos).Name, last.Silo);

        // A silo may not know yet who observes, so there is another path until one of these is heard of.
        async Task<MigrationBatch> HeardAsync(int firstPort)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            for (var port = firstPort; ; port++)
            {
                var denied = new PathObservation(
                    port, PathObservationType.Denied, "192.0.2.1:999", $"192.0.2.1:{port}", MigrationKind.PortOnly, _clock.GetUtcNow(), TimeSpan.Zero, false, "denied");
                await RetryAsync(() => connection.Report(new PathReport("gw-1", [denied])), $"the answer to the report of port {port}");
                await timer.WaitForNextTickAsync();
                while (observer.HasBatches)
                {
                    var batch = await observer.NextAsync("what is there");
                    if (batch.Events.Any(next => next.At >= _clock.GetUtcNow()))
                    {
                        return batch;
                    }
                }

                Assert.True(port < firstPort + 1_000, "Nothing was heard of 1,000 paths.");
            }
        }
    }

    private static async Task RetryAsync(Func<Task> call, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                // Nobody has noticed the death yet.
                Assert.True(DateTime.UtcNow < deadline, $"{what} did not come within {Patience}: {e.Message}");
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private async Task<InProcessTestCluster> DeployAsync()
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureClient(client => client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5)));
        var index = new InMemoryConnectionIndex();
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddKeyedSingleton<TimeProvider>(GrainClock.Key, _clock);
            silo.Services.AddSingleton(services => _storage.For(services.GetRequiredService<Serializer>()));
            silo.Services.AddSingleton<IConnectionIndex>(index);
            silo.Services.AddSingleton<IRoomLog>(new InMemoryRoomLog());
            silo.UseInMemoryReminderService();
            silo.AddQuicChatGrains();
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5));
            silo.Configure<ClusterMembershipOptions>(membership => (membership.ProbeTimeout, membership.NumMissedProbesLimit) = (TimeSpan.FromSeconds(2), 3));
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
