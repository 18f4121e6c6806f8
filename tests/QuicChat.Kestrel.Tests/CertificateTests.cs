using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using QuicChat.Kestrel.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Kestrel.Tests;

/// <summary>Which certificate a connection gets, and what is said where there is none.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-http3-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_selector_chooses_by_the_name_that_the_client_asks_for()
    {
        var certificates = new[] { "a.test", "b.test" }.ToDictionary(name => name, TestCertificate.For);
        await using var app = await App.StartAsync(https: tls => tls.ServerCertificateSelector = (_, name) => certificates[name!]);

        await AssertServesAsync(app, certificates);
    }

    [Fact]
    public async Task A_callback_that_takes_its_time_chooses_too()
    {
        var certificates = new[] { "a.test", "b.test" }.ToDictionary(name => name, TestCertificate.For);
        await using var app = await App.StartAsync(endPoint: listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = async context =>
            {
                await Task.Yield();
                Assert.NotNull(context.Connection.RemoteEndPoint);
                return new SslServerAuthenticationOptions { ServerCertificate = certificates[context.ClientHelloInfo.ServerName] };
            },
        }));

        await AssertServesAsync(app, certificates);
    }

    [Fact]
    public async Task Where_no_certificate_is_for_the_name_the_client_is_told_and_the_log_says_why()
    {
        var certificate = TestCertificate.For("a.test");
        await using var app = await App.StartAsync(https: tls => tls.ServerCertificateSelector = (_, name) => name == "a.test" ? certificate : null);

        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Http3Client.ConnectAsync(app.EndPoint, Trust("c.test", certificate)));

        Assert.Equal("the server has no certificate for this name", error.Closure.Reason);
        Assert.Equal(0x150u, error.Closure.TransportErrorCode);
        Assert.Contains("'c.test'", Assert.Single(app.Log.Complaints), StringComparison.Ordinal);

        // Others go on.
        await using var client = await Http3Client.ConnectAsync(app.EndPoint, Trust("a.test", certificate));
        Assert.StartsWith("HTTP/3", await client.GetTextAsync("/where"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_is_not_silently_left_out()
    {
        await using var app = await App.StartAsync(https: tls => tls.ClientCertificateMode = ClientCertificateMode.RequireCertificate);

        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Http3Client.ConnectAsync(app.EndPoint));

        Assert.Contains("does not ask clients for certificates", Assert.Single(app.Log.Complaints), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_callback_that_gives_a_certificate_without_a_key_is_told_what_to_do()
    {
        using var publicPart = X509CertificateLoader.LoadCertificate(TestCertificate.Localhost.RawData);
        await using var app = await App.StartAsync(endPoint: listen => listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = publicPart }),
        }));

        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Http3Client.ConnectAsync(app.EndPoint));

        Assert.Contains("Load it together with its key", Assert.Single(app.Log.Complaints), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_option_that_makes_no_sense_keeps_the_application_from_starting(bool anyAddress)
    {
        var error = await Assert.ThrowsAsync<IOException>(() => App.StartAsync(
            options: quic => quic.IdleTimeout = TimeSpan.Zero, protocols: HttpProtocols.Http1AndHttp2AndHttp3, port: FreePort(), anyAddress: anyAddress));

        Assert.Contains("IdleTimeout", error.Message, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task AssertServesAsync(App app, Dictionary<string, X509Certificate2> certificates)
    {
        foreach (var (name, certificate) in certificates)
        {
            await using var client = await Http3Client.ConnectAsync(app.EndPoint, Trust(name, certificate));
            Assert.StartsWith("HTTP/3", await client.GetTextAsync("/where"), StringComparison.Ordinal);
        }

        Assert.Empty(app.Log.Complaints);
    }

    // Verifies the name, and so sends it.
    private ServerTrust.Authority Trust(string name, X509Certificate2 certificate)
    {
        var file = Path.Combine(_folder.FullName, $"{name}.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return new ServerTrust.Authority(file, name);
    }
}
