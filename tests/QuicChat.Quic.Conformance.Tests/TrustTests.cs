using QuicChat.Quic.Certificates;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Whom a client takes for the right server.</summary>
public abstract class TrustTests(TestEngine engine) : Conformance(engine), IDisposable
{
    public sealed class OnNgtcp2() : TrustTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : TrustTests(TestEngine.System);

    private const string Host = "chat.example";

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_server_with_another_fingerprint_is_refused()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        var error = await RefusedAsync(server, new ServerTrust.Pinned(new byte[32]));
        Assert.Contains(EchoServer.Certificate.Fingerprint, error.Closure.Reason, StringComparison.Ordinal);
        Assert.Contains("not the pinned one", error.Message, StringComparison.Ordinal);
        Assert.Equal(ConnectionCloseOrigin.Local, error.Closure.Origin);

        // bad_certificate, 42.
        Assert.Equal(0x12aul, error.Closure.TransportErrorCode);
    }

    [Fact]
    public async Task A_fingerprint_can_be_pinned_for_any_certificate()
    {
        var certificate = _authority.Issue(Host);
        await using var server = await StartAsync(certificate);
        await AcceptedAsync(server, ServerTrust.Pinned.Parse(certificate.Fingerprint.ToUpperInvariant()));
    }

    [Fact]
    public async Task A_pinned_certificate_that_has_expired_is_refused()
    {
        var certificate = _authority.Issue(Host, DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(-1));
        await using var server = await StartAsync(certificate);
        var error = await RefusedAsync(server, new ServerTrust.Pinned(certificate.Sha256));
        Assert.Contains("not now", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pinned_certificate_that_is_not_valid_yet_is_refused()
    {
        var certificate = _authority.Issue(Host, DateTimeOffset.UtcNow.AddDays(1));
        await using var server = await StartAsync(certificate);
        var error = await RefusedAsync(server, new ServerTrust.Pinned(certificate.Sha256));
        Assert.Contains("not now", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Host)]
    [InlineData("127.0.0.1")]
    public async Task A_certificate_of_a_trusted_authority_for_the_host_is_accepted(string host)
    {
        await using var server = await StartAsync(_authority.Issue(Host));
        await AcceptedAsync(server, new ServerTrust.Authority(_authority.CaFile, host));
    }

    [Theory]
    [InlineData("other.example")]
    [InlineData("127.0.0.2")]
    public async Task A_certificate_for_another_host_is_refused(string host)
    {
        await using var server = await StartAsync(_authority.Issue(Host));
        var error = await RefusedAsync(server, new ServerTrust.Authority(_authority.CaFile, host));
        Assert.Contains($"not for '{host}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused()
    {
        using var other = new TestAuthority();
        await using var server = await StartAsync(_authority.Issue(Host));
        var error = await RefusedAsync(server, new ServerTrust.Authority(other.CaFile, Host));
        Assert.Contains($"not signed by an authority of '{other.CaFile}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_certificate_of_a_trusted_authority_is_refused()
    {
        await using var server = await StartAsync(_authority.Issue(Host, DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(-1)));
        var error = await RefusedAsync(server, new ServerTrust.Authority(_authority.CaFile, Host));
        Assert.Contains("has expired", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_a_trusted_authority_that_is_not_valid_yet_is_refused()
    {
        await using var server = await StartAsync(_authority.Issue(Host, DateTimeOffset.UtcNow.AddDays(1)));
        var error = await RefusedAsync(server, new ServerTrust.Authority(_authority.CaFile, Host));
        Assert.Contains("not valid yet", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.1", true)] // servers
    [InlineData("1.3.6.1.5.5.7.3.2", false)] // clients
    [InlineData("1.3.6.1.5.5.7.3.3", false)] // code
    public async Task A_certificate_is_for_servers(string purpose, bool isGood)
    {
        await using var server = await StartAsync(_authority.Issue(Host, purpose: purpose));
        var trust = new ServerTrust.Authority(_authority.CaFile, Host);
        if (isGood)
        {
            await AcceptedAsync(server, trust);
        }
        else
        {
            Assert.Contains("not for servers", (await RefusedAsync(server, trust)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_authority_that_the_system_does_not_know_is_refused()
    {
        await using var server = await StartAsync(_authority.Issue(Host));
        var error = await RefusedAsync(server, new ServerTrust.SystemStore(Host));
        Assert.Contains("not signed by an authority that this system trusts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_self_signed_certificate_is_refused_by_a_client_that_trusts_authorities()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        await RefusedAsync(server, new ServerTrust.Authority(_authority.CaFile, "localhost"));
    }

    [Fact]
    public async Task A_file_of_authorities_that_cannot_be_used_is_named()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        var missing = Path.Combine(Path.GetDirectoryName(_authority.CaFile)!, "missing.pem");
        var empty = Path.Combine(Path.GetDirectoryName(_authority.CaFile)!, "empty.pem");
        await File.WriteAllTextAsync(empty, "no certificate");
        foreach (var file in (string[])[missing, empty])
        {
            var error = await Assert.ThrowsAsync<CertificateException>(() => Engine.ConnectAsync(
                server.EndPoint, new QuicClientOptions { Trust = new ServerTrust.Authority(file, Host) }));
            Assert.Contains($"'{file}'", error.Message, StringComparison.Ordinal);
        }
    }

    private Task<EchoServer> StartAsync(PemCertificate certificate)
        => EchoServer.StartAsync(Engine, configure: _ => new QuicListenerOptions { Certificate = certificate });

    private async Task AcceptedAsync(EchoServer server, ServerTrust trust)
    {
        await using var connection = await Engine.ConnectAsync(server.EndPoint, new QuicClientOptions { Trust = trust });
        await using var stream = await connection.OpenStreamAsync();
        Assert.Equal("trusted", await stream.EchoAsync("trusted"));
    }

    private async Task<QuicConnectionClosedException> RefusedAsync(EchoServer server, ServerTrust trust)
        => await Assert.ThrowsAsync<QuicConnectionClosedException>(
            () => Engine.ConnectAsync(server.EndPoint, new QuicClientOptions { Trust = trust }));
}
