using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.Core.Internal;
using Orleans.Serialization;
using Orleans.TestingHost;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Cluster;
using QuicChat.Grains.Tests.Stores;
using Xunit;

[assembly: AssemblyFixture(typeof(ClusterFixture))]

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>Two silos that all tests share. Grains go by <see cref="Clock"/>, Orleans by the real time.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    /// <summary>The collection of the tests that use the one cluster and turn its one clock: they run one after another.</summary>
    public const string Serial = "cluster";

    /// <summary>How many messages the rooms keep; far below the default, so that tests reach it.</summary>
    public const int Retention = 500;

    /// <summary>Of how many clients without a message in the log the rooms keep the last number.</summary>
    public const int CutOffClients = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private InProcessTestCluster? _cluster;

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    public SharedGrainStorage Storage { get; } = new();

    public LoggedEvents Events { get; } = new();

    internal InMemoryConnectionIndex Index { get; } = new();

    internal TestStores Stores { get; } = new();

    public InProcessTestCluster Cluster => _cluster ?? throw new InvalidOperationException("The cluster is not up yet.");

    public IGrainFactory Grains => Cluster.Client;

    public IReadOnlyList<InProcessSiloHandle> Silos => Cluster.Silos;

    public async ValueTask InitializeAsync()
    {
        await Stores.StartAsync();
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddKeyedSingleton<TimeProvider>(GrainClock.Key, Clock);
            silo.Services.AddSingleton(services => Storage.For(services.GetRequiredService<Serializer>()));
            silo.Services.AddSingleton<IConnectionIndex>(Index);
            silo.Services.AddSingleton<IRoomLog>(new RoutingRoomLog(Stores));
            silo.Configure<RoomOptions>(rooms => (rooms.Retention, rooms.CutOffClients) = (Retention, CutOffClients));
            // Silos report when a test says so: one that turns the clock by minutes must not meet what was known before, nor one that counts calls a report.
            silo.Configure<MigrationOptions>(migration => migration.CollectionInterval = TimeSpan.FromHours(1));
            silo.AddIncomingGrainCallFilter<CallMeter>();
            silo.UseInMemoryReminderService();
            silo.AddQuicChatGrains();
            silo.Services.RemoveAll<IValidateOptions<MigrationOptions>>();
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(10));
            silo.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(Events));
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    /// <summary>The statistics with all that has been counted so far.</summary>
    public async Task<MigrationStats> StatsAsync()
    {
        foreach (var silo in Silos)
        {
            await silo.ServiceProvider.GetRequiredService<MigrationReporter>().ReportAsync();
        }

        return await Grains.GetGrain<IMigrationMonitorGrain>(IMigrationMonitorGrain.Key).GetMigrationStats();
    }

    /// <summary>Has every silo report, and settle what checkpoints contain, until the test's wish has come true.</summary>
    public Task SettleAsync(Func<bool> isDone, string what) => SettleAsync(() => Task.FromResult(isDone()), what);

    /// <inheritdoc cref="SettleAsync(Func{bool}, string)"/>
    public async Task SettleAsync(Func<Task<bool>> isDone, string what)
    {
        // The monitor's timer writes; each round is full of round trips, so this is no busy loop for long.
        var deadline = DateTime.UtcNow + Patience;
        while (!await isDone())
        {
            Assert.True(DateTime.UtcNow < deadline, $"{what} did not happen within {Patience}.");
            foreach (var silo in Silos)
            {
                var reporter = silo.ServiceProvider.GetRequiredService<MigrationReporter>();
                if (await reporter.ReportAsync() is { } receipt)
                {
                    await reporter.FollowAsync(receipt with { Gateways = null });
                }
            }
        }
    }

    /// <summary>Has every silo hear what the registry says now.</summary>
    public Task LearnAsync()
        => SettleAsync(
            async () =>
            {
                var value = (await LivenessAsync()).MigrationTimeout;
                return Silos.All(silo => silo.ServiceProvider.GetRequiredService<CurrentMigrationTimeout>().Value == value);
            },
            "the news of the time-out");

    /// <summary>Has every silo end what must end by the clock as it stands now.</summary>
    public async Task EndLostAsync()
    {
        await EndLostAsync(await LivenessAsync());
    }

    internal Task<GatewayLiveness> LivenessAsync() => Grains.GetGrain<IGatewayLeases>(IGatewayRegistryGrain.Key).GetLiveness();

    internal async Task EndLostAsync(GatewayLiveness gateways)
    {
        foreach (var silo in Silos)
        {
            await silo.ServiceProvider.GetRequiredService<ConnectionSweeper>().SweepAsync(gateways);
        }
    }

    /// <summary>Moves an active grain to the other silo.</summary>
    public async Task MoveAsync(IAddressable grain)
    {
        var from = await Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);
        var to = Silos.Select(silo => silo.SiloAddress).First(address => !address.Equals(from));
        try
        {
            await Cluster.MigrateAsync(grain, to).WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{grain.GetGrainId()} did not move from {from} to {to} within 20 s.");
        }
    }

    /// <summary>Ends a grain's activation; the next one begins with what is in the store.</summary>
    public Task DeactivateAsync(IAddressable grain) => grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask();

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        await Stores.DisposeAsync();
    }
}
