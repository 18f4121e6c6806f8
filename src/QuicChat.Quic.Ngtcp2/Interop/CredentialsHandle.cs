using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Interop;

/// <summary>GnuTLS certificate credentials, shared by the sessions of an end point.</summary>
internal sealed unsafe class CredentialsHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private CredentialsHandle()
        : base(ownsHandle: true)
    {
        nint credentials;
        Gnutls.Check(Gnutls.AllocateCredentials(&credentials), "TLS credentials cannot be allocated");
        SetHandle(credentials);
    }

    /// <summary>Which authorities are trusted, as text that is another for others.</summary>
    public string Authorities { get; private init; } = "none";

    /// <summary>A server's certificate and key.</summary>
    /// <exception cref="CertificateException">GnuTLS does not take them.</exception>
    public static CredentialsHandle ForServer(PemCertificate certificate)
    {
        var credentials = new CredentialsHandle();
        fixed (byte* chain = Encoding.UTF8.GetBytes(certificate.CertificatePem))
        fixed (byte* key = Encoding.UTF8.GetBytes(certificate.KeyPem))
        {
            var chainDatum = new Gnutls.Datum { Data = chain, Size = (uint)Encoding.UTF8.GetByteCount(certificate.CertificatePem) };
            var keyDatum = new Gnutls.Datum { Data = key, Size = (uint)Encoding.UTF8.GetByteCount(certificate.KeyPem) };
            var result = Gnutls.SetKeyFromMemory(credentials.handle, &chainDatum, &keyDatum, Gnutls.CertificateFormatPem);
            if (result < 0)
            {
                credentials.Dispose();
                throw new CertificateException($"TLS cannot use the certificate and key: {Gnutls.Describe(result)}.");
            }
        }

        return credentials;
    }

    /// <summary>A server's that has its certificate chosen for each connection.</summary>
    public static CredentialsHandle Empty() => new();

    /// <summary>A client's, without authorities: it verifies by fingerprint.</summary>
    public static CredentialsHandle ForClient() => new();

    /// <summary>A client's, by how it trusts servers.</summary>
    /// <exception cref="CertificateException">There are no authorities where they are to be.</exception>
    public static CredentialsHandle ForClient(ServerTrust trust) => trust switch
    {
        ServerTrust.Pinned => ForClient(),
        ServerTrust.Authority authority => ForClient(authority.CaFile),

        // As OpenSSL and .NET have it; GnuTLS has only what it was built with.
        ServerTrust.SystemStore when Environment.GetEnvironmentVariable("SSL_CERT_FILE") is { Length: > 0 } file => ForClient(file),
        ServerTrust.SystemStore => ForClientOfSystem(),
        _ => throw new NotSupportedException($"{trust.GetType().Name} is not a way to trust servers."),
    };

    /// <summary>A client's, with the authorities of a PEM file.</summary>
    /// <exception cref="CertificateException">The file cannot be read or holds no certificate.</exception>
    public static CredentialsHandle ForClient(string caFile)
    {
        byte[] pem;
        try
        {
            pem = File.ReadAllBytes(caFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"The file of certificate authorities '{caFile}' cannot be read: {e.Message}", e);
        }

        var credentials = new CredentialsHandle { Authorities = Convert.ToHexStringLower(SHA256.HashData(pem)) };
        fixed (byte* data = pem)
        {
            var datum = new Gnutls.Datum { Data = data, Size = (uint)pem.Length };
            var count = Gnutls.SetTrustFromMemory(credentials.handle, &datum, Gnutls.CertificateFormatPem);
            if (count <= 0)
            {
                credentials.Dispose();
                throw new CertificateException($"The file '{caFile}' holds no PEM certificate of an authority.");
            }
        }

        return credentials;
    }

    private static CredentialsHandle ForClientOfSystem()
    {
        var credentials = new CredentialsHandle { Authorities = "system" };
        if (Gnutls.SetSystemTrust(credentials.handle) <= 0)
        {
            credentials.Dispose();
            throw new CertificateException(
                "This system has no store of certificate authorities that GnuTLS can read (Debian package ca-certificates); install it, or name a file of them by SSL_CERT_FILE.");
        }

        return credentials;
    }

    protected override bool ReleaseHandle()
    {
        Gnutls.FreeCredentials(handle);
        return true;
    }
}
