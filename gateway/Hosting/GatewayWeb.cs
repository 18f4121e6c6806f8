using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Kestrel;

namespace QuicChat.Gateway.Hosting;

/// <summary>
/// The gateway's pages for operators, health, status and metrics, at an address of their own: over TCP, and where they are encrypted and the
/// engine is ngtcp2, as HTTP/3 too.
/// </summary>
/// <param name="address">Where; <c>https</c> takes the gateway's certificate.</param>
/// <param name="engine">The gateway's engine.</param>
/// <param name="certificate">The gateway's certificate.</param>
/// <param name="status">Says how the gateway is; called by many threads.</param>
/// <param name="meters">Keeps its metrics, with an exporter for Prometheus.</param>
/// <param name="loggers">The gateway's logs.</param>
internal sealed class GatewayWeb(
    Uri address, QuicEngineKind engine, PemCertificate certificate, Func<GatewayStatus> status, MeterProvider meters, ILoggerFactory loggers)
    : IHostedLifecycleService, IAsyncDisposable
{
    private const string MetricsPage = "/metrics";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly TaskCompletionSource<string> _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;

    /// <summary>Completes when the pages are served, with where they are.</summary>
    public Task<string> Serving => _serving.Task;

    /// <summary>Before all that may take long, so that they tell of the start.</summary>
    /// <exception cref="GatewayStartException">The address cannot be listened on.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(Configure);
        if (IsQuic)
        {
            builder.Services.AddNgtcp2Quic();
        }

        _app = builder.Build();
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(
            meters, static context => context.Request.Path == MetricsPage, path: null, configureBranchedPipeline: null, optionsName: null);
        _app.Run(AnswerAsync);
        try
        {
            await _app.StartAsync(cancellationToken);
            _serving.SetResult(_app.Urls.First());
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new GatewayStartException(
                $"The pages for operators cannot be served at {address}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; give another address with --web.", e);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After all that they tell of.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? default;

    private bool IsQuic => address.Scheme == Uri.UriSchemeHttps && engine == QuicEngineKind.Ngtcp2;

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
        {
            kestrel.Listen(ip, address.Port, Configure);
        }
        else
        {
            kestrel.ListenLocalhost(address.Port, Configure);
        }
    }

    private void Configure(ListenOptions listen)
    {
        // Which of several it is to be, only TLS can agree on.
        listen.Protocols = HttpProtocols.Http1;
        if (address.Scheme == Uri.UriSchemeHttps)
        {
            listen.Protocols = IsQuic ? HttpProtocols.Http1AndHttp2AndHttp3 : HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = X509Certificate2.CreateFromPem(certificate.CertificatePem, certificate.KeyPem);
                https.ServerCertificateChain = [];
                https.ServerCertificateChain.ImportFromPem(certificate.CertificatePem);
            });
        }
    }

    private Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/health/live" => AnswerAsync(context, StatusCodes.Status200OK, new { status = "live" }),
        "/health/ready" => status().WhyUnready is { } reason
            ? AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, new { status = "unready", reason })
            : AnswerAsync(context, StatusCodes.Status200OK, new { status = "ready" }),
        "/status" => context.Response.WriteAsJsonAsync(status(), Json, context.RequestAborted),
        _ => AnswerAsync(
            context,
            StatusCodes.Status404NotFound,
            new { status = "unknown", reason = $"there are /health/live, /health/ready, /status and {MetricsPage}" }),
    };

    private static Task AnswerAsync(HttpContext context, int code, object answer)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(answer), context.RequestAborted);
    }

    // Signals are the gateway's; these pages end with it.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
