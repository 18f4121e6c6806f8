using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QuicChat.Quic.Engines;

/// <summary>How a client decides that a server is the right one.</summary>
public abstract record ServerTrust
{
    private ServerTrust()
    {
    }

    /// <summary>The server's certificate must have this SHA-256 fingerprint and be within its lifetime.</summary>
    /// <param name="Sha256">The SHA-256 hash of the DER certificate, 32 bytes.</param>
    public sealed record Pinned(ReadOnlyMemory<byte> Sha256) : ServerTrust
    {
        /// <summary>Reads a fingerprint of 64 hex digits, with or without colons.</summary>
        /// <exception cref="FormatException"><paramref name="text"/> is not one.</exception>
        public static Pinned Parse(string text)
        {
            ArgumentNullException.ThrowIfNull(text);
            var digits = text.Replace(":", "", StringComparison.Ordinal);
            return digits.Length == 64 && digits.All(char.IsAsciiHexDigit)
                ? new Pinned(Convert.FromHexString(digits))
                : throw new FormatException($"'{text}' is not a SHA-256 fingerprint: it has 64 hex digits, with or without colons.");
        }

        /// <summary>Why a certificate (DER) is not trusted, in words for a person; <see langword="null"/> where it is.</summary>
        internal string? FindProblem(ReadOnlySpan<byte> certificate, DateTimeOffset now)
        {
            var actual = SHA256.HashData(certificate);
            if (!CryptographicOperations.FixedTimeEquals(actual, Sha256.Span))
            {
                return $"the server's certificate has the fingerprint {Convert.ToHexStringLower(actual)}, not the pinned one";
            }

            using var parsed = X509CertificateLoader.LoadCertificate(certificate);
            return now < parsed.NotBefore || now >= parsed.NotAfter
                ? $"the server's certificate is valid from {parsed.NotBefore:u} to {parsed.NotAfter:u}, not now"
                : null;
        }
    }

    /// <summary>The server's certificate must chain to an authority of this file, name the host, be current and be for servers.</summary>
    /// <param name="CaFile">A PEM file of one or more certificate authorities. A factory may read it once for all of its connections.</param>
    /// <param name="HostName">The DNS name or address that the certificate must carry.</param>
    public sealed record Authority(string CaFile, string HostName) : ServerTrust
    {
        internal override string Host => HostName;

        internal override string Authorities => $"an authority of '{CaFile}'";
    }

    /// <summary>
    /// The server's certificate must chain to an authority that this system trusts, or of the file that the environment variable SSL_CERT_FILE names; name the host; be
    /// current; and be for servers. A factory may read these authorities once for all of its connections.
    /// </summary>
    /// <param name="HostName">The DNS name or address that the certificate must carry.</param>
    public sealed record SystemStore(string HostName) : ServerTrust
    {
        internal override string Host => HostName;

        internal override string Authorities => "an authority that this system trusts";
    }

    /// <summary>The name that the certificate must carry; empty, none.</summary>
    internal virtual string Host => "";

    /// <summary>Who has to have signed it, for a person.</summary>
    internal virtual string Authorities => "";
}
