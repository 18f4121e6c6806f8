using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Persistence;
using Orleans.Storage;
using StackExchange.Redis;

namespace QuicChat.Silo.Storage;

/// <summary>Puts what Orleans keeps into the store.</summary>
internal static class StoreSiloBuilderExtensions
{
    /// <summary>Membership, grain storage and reminders, all over one connection.</summary>
    public static ISiloBuilder UseStore(this ISiloBuilder silo, ConnectionMultiplexer connection)
    {
        var configuration = ConfigurationOptions.Parse(connection.Configuration);
        var shared = Task.FromResult<(IConnectionMultiplexer, bool)>((connection, true));

        silo.Services.AddSingleton<IConnectionMultiplexer>(connection);
        // Compact, and versioned by the members' IDs; the default would be JSON with type names.
        silo.Services.Replace(ServiceDescriptor.Singleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>());
        return silo
            .UseRedisClustering(options =>
            {
                options.ConfigurationOptions = configuration;
                options.CreateMultiplexer = _ => shared;
            })
            .ConfigureServices(services => services.AddRedisGrainStorageAsDefault((RedisStorageOptions options) =>
            {
                options.ConfigurationOptions = configuration;
                options.CreateMultiplexer = _ => shared;
                options.DeleteStateOnClear = true;
            }))
            .UseRedisReminderService(options =>
            {
                options.ConfigurationOptions = configuration;
                options.CreateMultiplexer = _ => shared;
            });
    }
}
