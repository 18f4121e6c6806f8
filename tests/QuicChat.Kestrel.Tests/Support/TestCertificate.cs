using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QuicChat.Kestrel.Tests.Support;

/// <summary>Certificates that sign themselves.</summary>
internal static class TestCertificate
{
    /// <summary>One for <c>localhost</c>.</summary>
    public static X509Certificate2 Localhost { get; } = For("localhost");

    public static X509Certificate2 For(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
