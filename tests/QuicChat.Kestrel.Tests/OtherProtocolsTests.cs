using System.Net;
using System.Net.Quic;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using QuicChat.Kestrel.Tests.Support;
using QuicChat.Quic.Conformance.Tests.Support;
using Xunit;

namespace QuicChat.Kestrel.Tests;

/// <summary>HTTP/3 beside HTTP/1.1 and HTTP/2 at one port, and .NET's own client.</summary>
public sealed class OtherProtocolsTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_over_TCP_is_served_as_ever_and_told_of_HTTP_3(string version)
    {
        await using var app = await StartAsync();
        using var client = NewClient();

        using var response = await client.SendAsync(NewRequest(app, version)).Within("the answer");

        Assert.StartsWith($"HTTP/{version.Replace(".0", "", StringComparison.Ordinal)} https", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains($"h3=\":{app.EndPoint.Port}\"", Assert.Single(response.Headers.GetValues("Alt-Svc")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_HttpClient_speaks_HTTP_3()
    {
        const int Length = 5_000_000;
#pragma warning disable CA1416 // Where it is not there, it says so.
        Assert.SkipUnless(QuicConnection.IsSupported, "HttpClient needs libmsquic for HTTP/3.");
#pragma warning restore CA1416
        var seed = Seeds.New();
        await using var app = await StartAsync();
        using var client = NewClient();

        using var where = await client.SendAsync(NewRequest(app, "3.0")).Within("the answer");
        Assert.StartsWith("HTTP/3 https", await where.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            using var response = await client.SendAsync(NewRequest(app, "3.0", $"/data/{Length}/{seed + i}"));
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await response.Content.ReadAsByteArrayAsync()));
        })).Within("ten responses");
        Assert.Equal(Enumerable.Range(0, 10).Select(i => SeededBytes.Hash(Length, seed + i)), answers);
        Assert.Empty(app.Log.Complaints);
    }

    // Kestrel takes no free port where it is to be the same one of TCP and UDP.
    private static async Task<App> StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
            tcp.Dispose();
            try
            {
                return await App.StartAsync(protocols: HttpProtocols.Http1AndHttp2AndHttp3, port: port);
            }
            catch (IOException) when (attempt < 5)
            {
                // Somebody else has taken it meanwhile.
            }
        }
    }

    private static HttpClient NewClient() => new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.Equals(TestCertificate.Localhost) },
    });

    private static HttpRequestMessage NewRequest(App app, string version, string path = "/where") => new(HttpMethod.Get, $"https://127.0.0.1:{app.EndPoint.Port}{path}")
    {
        Version = Version.Parse(version),
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
