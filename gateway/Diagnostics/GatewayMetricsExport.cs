using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace QuicChat.Gateway.Diagnostics;

/// <summary>Has metrics kept for who reads them in Prometheus' text format.</summary>
internal static class GatewayMetricsExport
{
    /// <summary>The .NET runtime's own meter.</summary>
    private const string RuntimeMeter = "System.Runtime";

    /// <summary>The version of this program.</summary>
    public static string Version { get; }
        = typeof(GatewayMetricsExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Keeps this gateway's metrics and the runtime's, in a <see cref="MeterProvider"/>.</summary>
    public static void AddGatewayMetricsExport(this IServiceCollection services, string gatewayId)
    {
        // By rules and not by the meter's name: another gateway in this process counts for itself.
        services.AddMetrics(metrics => metrics
            .EnableMetrics(GatewayMetrics.MeterName, null, null, MeterScope.Local)
            .EnableMetrics(RuntimeMeter, null, null, MeterScope.Global));
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("quicchat-gateway", serviceVersion: Version, serviceInstanceId: gatewayId))
            .WithMetrics(metrics => metrics.AddPrometheusExporter(static exporter => exporter.ScopeInfoEnabled = false));
    }
}
