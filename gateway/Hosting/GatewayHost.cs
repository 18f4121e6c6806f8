using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using Orleans.Configuration;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Routing;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using QuicChat.Quic.Routing;

namespace QuicChat.Gateway.Hosting;

/// <summary>Puts a gateway together.</summary>
internal static class GatewayHost
{
    /// <summary>Makes a gateway's host; nothing is bound or connected yet.</summary>
    /// <param name="options">What it is; its engine resolved.</param>
    /// <param name="certificate">Its certificate.</param>
    /// <param name="tokens">Says which tokens are taken, above all with which key file.</param>
    /// <param name="limits">Says how much it takes on.</param>
    /// <param name="exitWithParent">Whether it stops at the end of its standard input.</param>
    public static IHost Build(GatewayOptions options, PemCertificate certificate, Action<TokenOptions> tokens, Action<LimitOptions> limits, bool exitWithParent)
    {
        var store = StoreAddress.Parse(options.Store, options.Id);
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Orleans", LogLevel.Error).AddFilter("Microsoft", LogLevel.Warning);

        // Why a start failed is told once, in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);

        var services = builder.Services;
        services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopTimeLimit);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddSingleton(certificate);
        services.AddSingleton(Options.Create(options));
        services.AddSingleton<IValidateOptions<TokenOptions>, TokenOptionsValidator>();
        services.AddOptions<TokenOptions>().BindConfiguration("QuicChat:Tokens").Configure(tokens).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SessionOptions>, SessionOptionsValidator>();
        services.AddOptions<SessionOptions>().BindConfiguration("QuicChat:Sessions").ValidateOnStart();
        services.AddSingleton<IValidateOptions<FanoutOptions>, FanoutOptionsValidator>();
        services.AddOptions<FanoutOptions>().BindConfiguration("QuicChat:Fanout").ValidateOnStart();
        services.AddSingleton<IValidateOptions<LimitOptions>, LimitOptionsValidator>();
        services.AddOptions<LimitOptions>().BindConfiguration("QuicChat:Limits").Configure(limits).ValidateOnStart();
        services.AddMetrics();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<OrleansCluster>();
        services.AddSingleton<ICluster>(provider => provider.GetRequiredService<OrleansCluster>());
        services.AddSingleton<RoomRelays>();
        services.AddSingleton<TokenKeyFile>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenKeyFile>());
        services.AddSingleton(provider => new TokenValidator(
            () => provider.GetRequiredService<TokenKeyFile>().Keys,
            provider.GetRequiredService<IOptions<TokenOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SessionTokens>();
        services.AddSingleton<GatewayLimits>();
        services.AddSingleton<ClientSessions>();
        services.AddHostedService<SessionSweep>();
        services.AddSingleton<GatewayObserver>();
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton(new ServerPool(LinkAddress.Of(options.Link, options.Listen, store)));
        services.AddSingleton<PoolKeeper>();
        services.AddSingleton<Rejections>();
        services.AddSingleton<IMultiplexedConnectionListenerFactory>(provider => QuicEngine.CreateListenerFactory(
            options.Engine,
            new QuicListenerOptions
            {
                Certificate = certificate,
                Pool = provider.GetRequiredService<ServerPool>(),
                Retry = options.Retry,
                Admit = provider.GetRequiredService<ClientSessions>().Admits,
                Rejections = provider.GetRequiredService<Rejections>(),
            },
            provider.GetRequiredService<ILoggerFactory>()));

        if (exitWithParent)
        {
            // Before the client of the cluster, which may wait for long.
            services.AddHostedService<ParentProcess>();
        }

        builder.UseOrleansClient(client => client
            .UseRedisClustering(redis => redis.ConfigurationOptions = store.Options)
            .UseConnectionRetryFilter<ClusterPatience>()
            .Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = options.ClusterId;
                cluster.ServiceId = options.ServiceId;
            })
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = options.ResponseTimeout)
            .Configure<Orleans.Configuration.GatewayOptions>(silos => silos.GatewayListRefreshPeriod = options.SiloRefreshInterval));
        services.AddSingleton<GatewayService>();
        if (options.Web is { } web)
        {
            services.AddGatewayMetricsExport(options.Id);
            services.AddSingleton(provider => new GatewayWeb(
                web,
                options.Engine,
                certificate,
                () => provider.GetRequiredService<GatewayService>().Status,
                provider.GetRequiredService<MeterProvider>(),
                provider.GetRequiredService<ILoggerFactory>()));
            services.AddHostedService(provider => provider.GetRequiredService<GatewayWeb>());
        }

        services.AddHostedService(provider => provider.GetRequiredService<GatewayService>());
        return builder.Build();
    }
}
