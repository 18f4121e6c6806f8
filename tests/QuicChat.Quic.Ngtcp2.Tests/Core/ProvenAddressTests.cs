using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>What a client spares that has proven its address before its handshake begins (RFC 9000, section 8.1); round trips take 200 ms of virtual time.</summary>
public sealed class ProvenAddressTests
{
    private const int Datagram = 1200;

    private static readonly IPEndPoint Home = new(IPAddress.Loopback, 40000);

    [Fact]
    public void After_a_Retry_a_server_with_a_long_certificate_does_not_wait_for_the_client_again()
    {
        var certificate = LongCertificate();
        using var link = new CoreLink(
            CoreLink.NewClientSettings() with { Trust = new ServerTrust.Pinned(certificate.Sha256) },
            CoreLink.NewServerSettings() with { Credentials = CredentialsHandle.ForServer(certificate) })
        {
            Delay = TimeSpan.FromMilliseconds(100),
            AsksForProof = true,
        };
        var began = link.Now.Elapsed;

        link.RunUntil(() => link.Client.Completed, "the handshake");

        // A round trip for the Retry, and one for the handshake.
        Assert.InRange((link.Now.Elapsed - began).TotalMilliseconds, 400, 450);
        Assert.InRange(link.Ledger[Home].Sent, 4 * Datagram, 9 * Datagram);
    }

    // Its names fill several datagrams, as a chain of several certificates does.
    private static PemCertificate LongCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=long", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        for (var i = 0; i < 150; i++)
        {
            names.AddDnsName($"server-{i}.of.a.long.certificate.example");
        }

        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return PemCertificate.From(certificate, []);
    }
}
