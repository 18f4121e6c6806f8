using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Tests.Hosting;

/// <summary>The pages for operators, over TCP and over QUIC.</summary>
public sealed class GatewayWebTests : IDisposable
{
    private static readonly GatewayStatus Serving = new()
    {
        Id = "gw-7",
        ServerId = 7,
        ClusterId = "quicchat",
        Engine = "ngtcp2",
        Version = "1.2.3",
        ProcessId = 4711,
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        EndPoint = "[::]:4433",
        Advertised = "chat.example:4433",
        Link = null,
        WhyUnready = null,
        HoldsLease = true,
        IsDraining = false,
        Connections = 3,
        Rooms = 1,
        RoomStreams = 2,
    };

    private readonly MeterProvider _meters = Sdk.CreateMeterProviderBuilder().AddMeter("System.Runtime").AddPrometheusExporter().Build();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-web-");
    private readonly PemCertificate _certificate;

    public GatewayWebTests() => _certificate = DevelopmentCertificate.Ensure(_folder.FullName, TimeProvider.System);

    public void Dispose()
    {
        _meters.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Pages_without_encryption_say_whether_the_gateway_is_ready_and_why_not()
    {
        string? why = null;
        await using var web = await StartAsync("http://127.0.0.1:0", () => Serving with { WhyUnready = why });
        using var client = new HttpClient { BaseAddress = new Uri(await web.Serving) };

        Assert.Equal((HttpStatusCode.OK, """{"status":"live"}"""), await GetAsync(client, "/health/live"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready"}"""), await GetAsync(client, "/health/ready"));
        why = "the gateway drains";
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"unready","reason":"the gateway drains"}"""), await GetAsync(client, "/health/ready"));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/health/live")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(client, "/")).Code);
    }

    [Fact]
    public async Task The_status_is_an_object_with_what_is_not_known_as_null()
    {
        await using var web = await StartAsync("http://127.0.0.1:0", () => Serving with { WhyUnready = "the gateway drains", IsDraining = true });
        using var client = new HttpClient { BaseAddress = new Uri(await web.Serving) };

        var (code, text) = await GetAsync(client, "/status");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.True(
            JsonElement.DeepEquals(
                JsonSerializer.Deserialize<JsonElement>(
                    """
                    {
                      "id": "gw-7", "serverId": 7, "clusterId": "quicchat", "engine": "ngtcp2", "version": "1.2.3", "processId": 4711,
                      "startedAt": "2026-01-02T03:04:05+00:00", "endPoint": "[::]:4433", "advertised": "chat.example:4433", "link": null,
                      "isReady": false, "whyUnready": "the gateway drains", "holdsLease": true, "isDraining": true,
                      "connections": 3, "rooms": 1, "roomStreams": 2
                    }
                    """),
                JsonSerializer.Deserialize<JsonElement>(text)),
            text);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Encrypted_pages_take_the_gateways_certificate_over_TCP(string version)
    {
        await using var web = await StartEncryptedAsync();
        using var client = NewClient(await web.Serving);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var response = await client.SendAsync(request).Within("the answer");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"h3=\":{new Uri(await web.Serving).Port}\"", Assert.Single(response.Headers.GetValues("Alt-Svc")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/ready", "\"ready\"")]
    [InlineData("/status", "\"id\": \"gw-7\"")]
    [InlineData("/metrics", "# TYPE dotnet_process_cpu_count gauge")]
    public async Task Encrypted_pages_are_served_as_HTTP_3(string page, string told)
    {
        await using var web = await StartEncryptedAsync();
        var port = new Uri(await web.Serving).Port;
        using var process = Process.Start(new ProcessStartInfo("gtlsclient")
        {
            ArgumentList =
            {
                "-q", "--exit-on-all-streams-close", $"--download={_folder.FullName}", "127.0.0.1", $"{port}", $"https://localhost:{port}{page}",
            },
        })!;

        await process.WaitForExitAsync().Within("gtlsclient to end");

        Assert.Equal(0, process.ExitCode);
        Assert.Contains(told, await File.ReadAllTextAsync(Path.Combine(_folder.FullName, Path.GetFileName(page))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_engine_system_they_stay_on_TCP()
    {
        await using var web = await StartEncryptedAsync(QuicEngineKind.System);
        using var client = NewClient(await web.Serving);

        using var response = await client.GetAsync("/health/live").Within("the answer");

        Assert.False(response.Headers.Contains("Alt-Svc"));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_the_option_to_change()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}/";

        var error = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(address, () => Serving));

        Assert.Contains(address, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("give another address with --web.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_waits_for_its_cluster_says_so_and_counts_what_it_does_not_take()
    {
        var keyFile = Path.Combine(_folder.FullName, "token.key");
        await File.WriteAllTextAsync(keyFile, Tokens.KeyText);
        var options = new GatewayOptions
        {
            Store = "127.0.0.1:1",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Web = new Uri("http://127.0.0.1:0"),
            Engine = QuicEngineKind.Ngtcp2,
        };
        using var host = GatewayHost.Build(options, _certificate, tokens => tokens.KeyFile = keyFile, limits => { }, exitWithParent: false);
        using var cancellation = new CancellationTokenSource();
        var starting = host.StartAsync(cancellation.Token);
        using var client = new HttpClient { BaseAddress = new Uri(await host.Services.GetRequiredService<GatewayWeb>().Serving.Within("the pages")) };

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"unready","reason":"the gateway has not joined its cluster yet"}"""),
            await GetAsync(client, "/health/ready"));
        var status = await GetStatusAsync(client);
        while (status.GetProperty("endPoint").ValueKind == JsonValueKind.Null)
        {
            // The pages come first of all.
            status = await GetStatusAsync(client);
        }

        Assert.Equal("gw-1", status.GetProperty("id").GetString());
        Assert.Equal(Environment.ProcessId, status.GetProperty("processId").GetInt32());
        Assert.Equal("the gateway has not joined its cluster yet", status.GetProperty("whyUnready").GetString());
        Assert.False(status.GetProperty("isReady").GetBoolean());
        Assert.False(status.GetProperty("holdsLease").GetBoolean());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("serverId").ValueKind);

        // Shorter than a short header. It is read by and by, and a page of metrics is kept for a moment.
        using var peer = new UdpClient();
        await peer.SendAsync(new byte[] { 0x40, 1, 2 }, IPEndPoint.Parse(status.GetProperty("endPoint").GetString()!));
        await PollAsync(client, "quicchat_quic_rejected_total{reason=\"malformed\"} 1").Within("the datagram in the metrics");
        var (_, metrics) = await GetAsync(client, "/metrics");
        Assert.Contains("quicchat_quic_rejected_total{reason=\"undecryptable\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc_collections_total", metrics, StringComparison.Ordinal);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => starting.Within("the start to end"));
    }

    private async Task<GatewayWeb> StartAsync(string address, Func<GatewayStatus> status, QuicEngineKind engine = QuicEngineKind.Ngtcp2)
    {
        var web = new GatewayWeb(new Uri(address), engine, _certificate, status, _meters, NullLoggerFactory.Instance);
        await web.StartingAsync(default);
        return web;
    }

    private async Task<GatewayWeb> StartEncryptedAsync(QuicEngineKind engine = QuicEngineKind.Ngtcp2)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var free = new TcpListener(IPAddress.Loopback, 0);
            free.Start();
            var port = ((IPEndPoint)free.LocalEndpoint).Port;
            free.Stop();
            try
            {
                return await StartAsync($"https://127.0.0.1:{port}", () => Serving, engine);
            }
            catch (GatewayStartException) when (attempt < 5)
            {
                // Somebody else has taken it meanwhile.
            }
        }
    }

    private HttpClient NewClient(string address) => new(new SocketsHttpHandler
    {
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHash(HashAlgorithmName.SHA256).AsSpan().SequenceEqual(_certificate.Sha256.Span),
        },
    })
    {
        BaseAddress = new Uri(address),
    };

    private static async Task<JsonElement> GetStatusAsync(HttpClient client)
        => JsonSerializer.Deserialize<JsonElement>((await GetAsync(client, "/status")).Text);

    private static async Task PollAsync(HttpClient client, string line)
    {
        while (!(await GetAsync(client, "/metrics")).Text.Contains(line, StringComparison.Ordinal))
        {
        }
    }

    private static async Task<(HttpStatusCode Code, string Text)> GetAsync(HttpClient client, string page)
    {
        using var response = await client.GetAsync(page).Within("the answer");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
