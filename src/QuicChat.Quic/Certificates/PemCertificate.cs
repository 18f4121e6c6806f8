using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QuicChat.Quic.Certificates;

/// <summary>A certificate chain and its private key, as PEM text, checked when loaded.</summary>
public sealed class PemCertificate
{
    private PemCertificate(string certificatePem, string keyPem, X509Certificate2 leaf)
    {
        CertificatePem = certificatePem;
        KeyPem = keyPem;
        Sha256 = leaf.GetCertHash(HashAlgorithmName.SHA256);
        NotAfter = leaf.NotAfter;
    }

    /// <summary>The chain, the server's own certificate first.</summary>
    public string CertificatePem { get; }

    /// <summary>The private key.</summary>
    public string KeyPem { get; }

    /// <summary>SHA-256 of the server's certificate (DER): what clients pin.</summary>
    public ReadOnlyMemory<byte> Sha256 { get; }

    /// <summary><see cref="Sha256"/> as 64 lower-case hex digits.</summary>
    public string Fingerprint => Convert.ToHexStringLower(Sha256.Span);

    /// <summary>When the certificate ends.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Loads and checks a certificate and its key.</summary>
    /// <param name="certificateFile">PEM file of the chain.</param>
    /// <param name="keyFile">PEM file of the private key.</param>
    /// <param name="now">The time at which the certificate must be valid.</param>
    /// <exception cref="CertificateException">A file cannot be read, holds no certificate or key, they do not match, or the certificate is not valid now. The message says which and what to do.</exception>
    public static PemCertificate Load(string certificateFile, string keyFile, DateTimeOffset now)
    {
        var certificatePem = ReadFile(certificateFile, "certificate");
        var keyPem = ReadFile(keyFile, "private key");
        X509Certificate2 leaf;
        try
        {
            leaf = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (CryptographicException e)
        {
            throw new CertificateException(
                $"'{certificateFile}' and '{keyFile}' are not a PEM certificate and its private key: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new CertificateException(
                $"The key in '{keyFile}' does not belong to the certificate in '{certificateFile}'.", e);
        }

        using (leaf)
        {
            if (now < leaf.NotBefore || now >= leaf.NotAfter)
            {
                throw new CertificateException(
                    $"The certificate in '{certificateFile}' is valid from {leaf.NotBefore:u} to {leaf.NotAfter:u}, not now. Give a current one.");
            }

            return new PemCertificate(certificatePem, keyPem, leaf);
        }
    }

    private static string ReadFile(string file, string what)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"The {what} file '{file}' cannot be read: {e.Message}", e);
        }
    }
}
