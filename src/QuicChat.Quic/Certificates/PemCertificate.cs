using System.Formats.Asn1;
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
        => Load(certificateFile, keyFile, now, remedy: null);

    /// <summary>Takes over a certificate that .NET has loaded, with its key.</summary>
    /// <param name="certificate">The server's certificate.</param>
    /// <param name="issuers">The authorities between it and those that clients know, its own issuer first.</param>
    /// <exception cref="CertificateException">
    /// It has no private key, one of an unsupported kind, or one that cannot be exported; the message says what to do.
    /// </exception>
    public static PemCertificate From(X509Certificate2 certificate, IEnumerable<X509Certificate2> issuers)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(issuers);
        if (!certificate.HasPrivateKey)
        {
            throw new CertificateException(
                $"The certificate of '{certificate.Subject}' has no private key. "
                + "Load it together with its key, as from a PKCS #12 file or by X509Certificate2.CreateFromPemFile.");
        }

        if (!HasUsableKey(certificate))
        {
            throw new CertificateException(
                $"The certificate of '{certificate.Subject}' has a key of an unsupported kind. "
                + "Give one with RSA, or ECDSA on P-256, P-384 or P-521.");
        }

        using AsymmetricAlgorithm? key = certificate.GetRSAPrivateKey() ?? (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey();
        var chain = string.Join('\n', issuers.Prepend(certificate).Select(one => one.ExportCertificatePem()));
        return new PemCertificate(chain, ExportKey(key!, certificate.Subject), certificate);
    }

    /// <summary>The private key as PEM; TLS of libraries needs it as it is.</summary>
    /// <exception cref="CertificateException">It cannot be exported.</exception>
    internal static string ExportKey(AsymmetricAlgorithm key, string subject)
    {
        try
        {
            return key.ExportPkcs8PrivateKeyPem();
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or NotImplementedException)
        {
            throw new CertificateException(
                $"The private key of the certificate of '{subject}' cannot be exported, and GnuTLS needs the key itself. "
                + "Load the certificate from a file of PEM or PKCS #12 (with X509KeyStorageFlags.Exportable), "
                + "not from a key store or a hardware module.",
                e);
        }
    }

    /// <summary>Loads and checks a certificate and its key.</summary>
    /// <param name="certificateFile">PEM file of the chain.</param>
    /// <param name="keyFile">PEM file of the private key.</param>
    /// <param name="now">The time at which the certificate must be valid.</param>
    /// <param name="remedy">What to do in each case, as a sentence; <see langword="null"/> for what suits a pair that somebody has named.</param>
    /// <exception cref="CertificateException">The pair cannot be used; the message ends with what to do.</exception>
    internal static PemCertificate Load(string certificateFile, string keyFile, DateTimeOffset now, string? remedy)
    {
        var certificatePem = ReadFile(certificateFile, "certificate");
        using var certificate = ParseCertificate(certificatePem)
            ?? throw Unusable($"'{certificateFile}' holds no certificate as PEM.", "Give a file that begins with -----BEGIN CERTIFICATE-----.");
        if (!HasUsableKey(certificate))
        {
            throw Unusable(
                $"The certificate in '{certificateFile}' has a key of an unsupported kind.", "Give one with RSA, or ECDSA on P-256, P-384 or P-521.");
        }

        if (now < certificate.NotBefore || now >= certificate.NotAfter)
        {
            throw Unusable(
                $"The certificate in '{certificateFile}' is valid from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}, not now.", "Give a current one.");
        }

        var keyPem = ReadFile(keyFile, "private key");
        if (IsEncrypted(keyPem))
        {
            throw Unusable(
                $"The private key in '{keyFile}' is encrypted.", $"Give it without a password: 'openssl pkey -in {keyFile} -out FILE' writes it so.");
        }

        try
        {
            X509Certificate2.CreateFromPem(certificatePem, keyPem).Dispose();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Unusable(
                $"'{keyFile}' does not hold, as PEM, the private key of the certificate in '{certificateFile}'.",
                "Give the key with which that certificate was requested.",
                e);
        }

        return new PemCertificate(certificatePem, keyPem, certificate);

        CertificateException Unusable(string problem, string advice, Exception? cause = null) => new($"{problem} {remedy ?? advice}", cause);

        string ReadFile(string file, string what)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (Exception e) when (FileProblem.IsOne(e))
            {
                throw Unusable($"The {what} file '{file}' cannot be read: {FileProblem.Describe(file, e)}.", "Give a file of PEM that can be read.", e);
            }
        }
    }

    private static X509Certificate2? ParseCertificate(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // What .NET reads and the TLS of all engines signs with (RFC 8446, section 4.2.3).
    private static bool HasUsableKey(X509Certificate2 certificate)
    {
        const string Rsa = "1.2.840.113549.1.1.1";
        const string EllipticCurve = "1.2.840.10045.2.1";
        const string P256 = "1.2.840.10045.3.1.7";
        const string P384 = "1.3.132.0.34";
        const string P521 = "1.3.132.0.35";
        return certificate.GetKeyAlgorithm() switch
        {
            Rsa => true,
            EllipticCurve => NameOfCurve(certificate) is P256 or P384 or P521,
            _ => false,
        };
    }

    private static string? NameOfCurve(X509Certificate2 certificate)
    {
        try
        {
            return AsnDecoder.ReadObjectIdentifier(certificate.GetKeyAlgorithmParameters(), AsnEncodingRules.DER, out _);
        }
        catch (AsnContentException)
        {
            // A curve may also be written out in full.
            return null;
        }
    }

    private static bool IsEncrypted(string keyPem)
        => keyPem.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal)
            || keyPem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal);
}
