using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace QuicChat.Benchmarks.SignalR;

/// <summary>A chat server as a team would write it with SignalR: WebSockets over TLS, MessagePack, the Redis back plane, stateful reconnect.</summary>
internal static class PeerServer
{
    /// <summary>Serves until standard input is closed. Its first line on standard output is <see cref="Ready"/>.</summary>
    /// <param name="redis">The back plane's connection string.</param>
    /// <param name="settings">How dead connections are noticed.</param>
    public static async Task<int> RunAsync(string redis, PeerSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        using var certificate = Certificate();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSignalR()
            .AddMessagePackProtocol()
            .AddStackExchangeRedis(redis);
        await using var app = builder.Build();
        if (settings == PeerSettings.Fair)
        {
            // Outside of SignalR's own, which leaves it alone then.
            app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = FairPing.Interval, KeepAliveTimeout = FairPing.Timeout });
        }

        app.MapHub<ChatHub>("/chat", options => options.AllowStatefulReconnects = true);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Console.WriteLine(JsonSerializer.Serialize(new Ready($"{address}/chat", Environment.ProcessId), JsonSerializerOptions.Web));
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    /// <summary>Its first line on standard output.</summary>
    internal sealed record Ready(string Url, int Pid);

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
