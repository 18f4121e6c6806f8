using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Certificates;

namespace QuicChat.Quic.SystemNet;

/// <summary>A server's certificate as System.Net.Security takes it.</summary>
internal static class ServerCertificate
{
    public static SslStreamCertificateContext Load(PemCertificate certificate)
    {
        var leaf = X509Certificate2.CreateFromPem(certificate.CertificatePem, certificate.KeyPem);
        if (OperatingSystem.IsWindows())
        {
            // Schannel cannot use a key that was never stored.
            using var ephemeral = leaf;
            leaf = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), password: null);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate.CertificatePem);
        return SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true);
    }
}
