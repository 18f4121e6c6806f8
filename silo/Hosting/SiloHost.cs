using Orleans.Configuration;
using Orleans.Dashboard;
using QuicChat.Grains.Hosting;
using QuicChat.Grains.Migrations;
using QuicChat.Silo.Pages;
using QuicChat.Silo.Storage;
using StackExchange.Redis;

namespace QuicChat.Silo.Hosting;

/// <summary>Builds the silo's process.</summary>
internal static class SiloHost
{
    public const string DashboardPath = "/dashboard";

    public static WebApplication Build(SiloOptions options, ConnectionMultiplexer store, CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(options.Web.GetLeftPart(UriPartial.Authority));
        builder.Logging.AddSiloLogging();
        builder.Services.AddSingleton<IHostLifetime>(
            services => new OrderlyStop(stop, services.GetRequiredService<IHostApplicationLifetime>()));
        if (options.ExitWithParent)
        {
            builder.Services.AddHostedService<ParentProcess>();
        }

        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = options.ClusterId;
                cluster.ServiceId = options.ServiceId;
            })
            .Configure<Orleans.Configuration.SiloOptions>(self => self.SiloName = options.Name)
            .ConfigureEndpoints(options.Advertise, options.SiloPort, options.ClientPort)
            .UseStore(store)
            .Configure<ClusterMembershipOptions>(SetTimeouts)
            // A call sent to a silo that was just killed waits this long; Orleans' own 30 s would be felt by users.
            .Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5))
            .AddDashboard()
            .AddQuicChatGrains()
            .UseRedisRoomLog()
            .UseRedisConnectionIndex()
            .Configure<MigrationOptions>(migration =>
            {
                migration.Timeout = options.MigrationTimeout;
                migration.Policy = options.MigrationPolicy;
            }));

        builder.Services.AddMigrationPage();
        var app = builder.Build();
        app.UseWebAccess(options.WebToken);
        app.MapOrleansDashboard(DashboardPath);
        app.MapMigrationPage();
        app.MapHealth();
        return app;
    }

    private static void SetTimeouts(ClusterMembershipOptions membership)
    {
        // Three missed probes: a dead silo is known to be dead in about 6 s, while one that pauses for a garbage collection is not.
        membership.ProbeTimeout = TimeSpan.FromSeconds(2);
        membership.NumMissedProbesLimit = 3;
        // A cluster that was killed as a whole leaves silos behind that look alive; a new one waits for three missed signs of life before it joins.
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        membership.DefunctSiloExpiration = TimeSpan.FromHours(1);
        membership.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
    }

    private static void AddSiloLogging(this ILoggingBuilder logging) => logging
        .ClearProviders()
        .SetMinimumLevel(LogLevel.Warning)
        .AddFilter("QuicChat", LogLevel.Information)
        // At its first look it takes the machine's uptime for a delay, and warns of it.
        .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
}
