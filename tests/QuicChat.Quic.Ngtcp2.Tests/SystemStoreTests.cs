using System.Net;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Servers that are trusted as the system says. The environment is the process's, so nothing runs beside these.</summary>
[Collection(WholeProcess.Name)]
public sealed class SystemStoreTests : IDisposable
{
    private const string Host = "chat.example";
    private const string Variable = "SSL_CERT_FILE";

    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);
    private readonly TestAuthority _authority = new();

    public SystemStoreTests() => Environment.SetEnvironmentVariable(Variable, _authority.CaFile);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        _authority.Dispose();
    }

    [Theory]
    [InlineData(Host, null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("other.example", "is not for 'other.example'")]
    [InlineData("127.0.0.2", "is not for '127.0.0.2'")]
    public async Task A_server_of_an_authority_of_the_system_is_trusted_for_its_names(string host, string? problem)
        => await AssertAsync(_authority.Issue(Host), host, problem);

    [Fact]
    public async Task All_that_is_wrong_is_told()
        => await AssertAsync(
            _authority.Issue(Host, DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(-1)), "other.example", "is not for 'other.example', has expired");

    [Fact]
    public async Task A_certificate_for_clients_is_none_for_servers()
        => await AssertAsync(_authority.Issue(Host, purpose: "1.3.6.1.5.5.7.3.2"), Host, "is not for servers");

    [Fact]
    public async Task A_store_without_authorities_is_named()
    {
        Environment.SetEnvironmentVariable(Variable, "/nowhere.pem");
        var error = await Assert.ThrowsAsync<CertificateException>(() => TestEngine.Ngtcp2.ConnectAsync(
            new IPEndPoint(IPAddress.Loopback, 9), new QuicClientOptions { Trust = new ServerTrust.SystemStore(Host) }));
        Assert.Contains("/nowhere.pem", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_systems_own_store_is_read_where_nothing_else_is_named()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        Assert.SkipUnless(File.Exists("/etc/ssl/certs/ca-certificates.crt"), "This system has no store of authorities: install ca-certificates.");
        NativeLibraries.EnsureLoaded();
        using var credentials = CredentialsHandle.ForClient(new ServerTrust.SystemStore(Host));
        Assert.Equal("system", credentials.Authorities);
    }

    private static async Task AssertAsync(PemCertificate certificate, string host, string? problem)
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions { Certificate = certificate });
        var connecting = TestEngine.Ngtcp2.ConnectAsync(server.EndPoint, new QuicClientOptions { Trust = new ServerTrust.SystemStore(host) });
        if (problem is null)
        {
            await using var client = await connecting;
            await using var stream = await client.OpenStreamAsync();
            Assert.Equal("trusted", await stream.EchoAsync("trusted"));
        }
        else
        {
            Assert.Contains(problem, (await Assert.ThrowsAsync<QuicConnectionClosedException>(() => connecting)).Message, StringComparison.Ordinal);
        }
    }
}
