using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using QuicChat.Grains.Connections;
using QuicChat.Grains.Gateways;
using QuicChat.Grains.Migrations;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Sessions;

namespace QuicChat.Grains.Hosting;

/// <summary>Puts the grains into a silo.</summary>
public static class QuicChatSiloBuilderExtensions
{
    /// <summary>
    /// Adds what the grains need besides Orleans' default grain storage, its reminders, a room log, and an index of connections. Their options are validated at start.
    /// </summary>
    public static ISiloBuilder AddQuicChatGrains(this ISiloBuilder builder)
    {
        builder.Services.TryAddKeyedSingleton(GrainClock.Key, TimeProvider.System);
        builder.Services.TryAddSingleton<MigrationCollector>();
        builder.Services.TryAddSingleton<ActiveConnections>();
        builder.Services.TryAddSingleton<MigrationFeed>();
        builder.Services.TryAddSingleton<CurrentMigrationTimeout>();
        builder.Services.TryAddSingleton<TallySettler>();
        builder.Services.TryAddSingleton<FailureCleanup>();
        builder.Services.TryAddSingleton<ConnectionSweeper>();
        builder.Services.TryAddSingleton<MigrationReporter>();
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<MigrationReporter>());
        builder.Services.AddValidated<MigrationOptions, MigrationOptionsValidator>();
        builder.Services.AddValidated<GatewayLeaseOptions, GatewayLeaseOptionsValidator>();
        builder.Services.AddValidated<RoomOptions, RoomOptionsValidator>();
        builder.Services.AddValidated<SessionKeyOptions, SessionKeyOptionsValidator>();
        return builder;
    }

    /// <summary>Keeps room logs in Redis, or in what speaks its protocol, over the <c>IConnectionMultiplexer</c> among the services.</summary>
    public static ISiloBuilder UseRedisRoomLog(this ISiloBuilder builder)
    {
        builder.Services.AddSingleton<IRoomLog, RedisRoomLog>();
        return builder;
    }

    /// <summary>Keeps the index of connections in Redis, or in what speaks its protocol, over the <c>IConnectionMultiplexer</c> among the services.</summary>
    public static ISiloBuilder UseRedisConnectionIndex(this ISiloBuilder builder)
    {
        builder.Services.AddSingleton<IConnectionIndex, RedisConnectionIndex>();
        return builder;
    }

    private static void AddValidated<TOptions, TValidator>(this IServiceCollection services)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
    }
}
