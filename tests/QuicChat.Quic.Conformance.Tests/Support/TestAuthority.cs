using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Certificates;

namespace QuicChat.Quic.Conformance.Tests.Support;

/// <summary>A certificate authority of a test's own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("quicchat-test-authority-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        var request = new CertificateRequest("CN=QuicChat test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = DateTimeOffset.UtcNow;
        _certificate = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(1));
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem());
    }

    public string CaFile => Path.Combine(_directory.FullName, "ca.pem");

    /// <summary>Issues a server's certificate.</summary>
    /// <param name="dnsName">A name that it is for.</param>
    /// <param name="notBefore">From when it is valid; unset, since yesterday.</param>
    /// <param name="notAfter">Until when; unset, for a month.</param>
    /// <param name="furtherNames">How many more names it is for, to make it large.</param>
    /// <param name="purpose">What it is for, an OID of extended key usage; unset, anything.</param>
    public PemCertificate Issue(string dnsName, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null, int furtherNames = 0, string? purpose = null)
    {
        var now = DateTimeOffset.UtcNow;
        var (from, to) = (notBefore ?? now.AddDays(-1), notAfter ?? now.AddDays(30));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        foreach (var number in Enumerable.Range(0, furtherNames))
        {
            names.AddDnsName($"another-name-{number}.{dnsName}");
        }

        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (purpose is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        }

        using var certificate = request.Create(_certificate, from, to, RandomNumberGenerator.GetBytes(16));
        var certificateFile = Path.Combine(_directory.FullName, $"{Guid.NewGuid()}.pem");
        var keyFile = Path.ChangeExtension(certificateFile, ".key");
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return PemCertificate.Load(certificateFile, keyFile, from.AddSeconds(1));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _directory.Delete(recursive: true);
    }
}
