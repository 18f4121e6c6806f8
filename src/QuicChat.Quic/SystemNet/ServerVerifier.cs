using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.SystemNet;

/// <summary>Decides by a <see cref="ServerTrust"/> whether a server is the right one, and remembers why not; for one connection.</summary>
internal sealed class ServerVerifier
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    private readonly ServerTrust _trust;
    private readonly X509Certificate2Collection _authorities = [];

    /// <exception cref="CertificateException">The file of authorities cannot be read, or holds none.</exception>
    public ServerVerifier(ServerTrust trust)
    {
        _trust = trust;
        if (trust is ServerTrust.Authority authority)
        {
            Load(authority.CaFile);
        }
    }

    /// <summary>The name that the client asks the server for (RFC 6066, section 3); addresses are none.</summary>
    public string HostName => _trust.Host;

    /// <summary>Why the server is not trusted, once it has been looked at.</summary>
    public string? Problem { get; private set; }

    /// <summary>Looks at a server's certificate.</summary>
    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        try
        {
            Problem = (certificate as X509Certificate2, _trust) switch
            {
                (null, _) => "the server sent no certificate",
                ({ } leaf, ServerTrust.Pinned pinned) => pinned.FindProblem(leaf.RawDataMemory.Span, DateTimeOffset.UtcNow),
                ({ } leaf, _) => FindProblem(leaf, chain),
            };
        }
        catch (CryptographicException e)
        {
            Problem = $"the server's certificate cannot be read: {e.Message}";
        }

        return Problem is null;
    }

    private string? FindProblem(X509Certificate2 leaf, X509Chain? presented)
    {
        if (!leaf.MatchesHostname(_trust.Host))
        {
            return $"the server's certificate is not for '{_trust.Host}'";
        }

        using var chain = new X509Chain();
        if (_trust is ServerTrust.Authority)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        }

        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
            foreach (var element in presented.ChainElements)
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }
        }

        if (chain.Build(leaf))
        {
            return null;
        }

        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, next) => all | next.Status);
        const X509ChainStatusFlags Unsigned
            = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid;
        return (status & Unsigned) != 0 ? $"the server's certificate is not signed by {_trust.Authorities}"
            : DateTimeOffset.UtcNow >= leaf.NotAfter ? "the server's certificate has expired"
            : DateTimeOffset.UtcNow < leaf.NotBefore ? "the server's certificate is not valid yet"
            : (status & X509ChainStatusFlags.NotValidForUsage) != 0 ? "the server's certificate is not for servers (its extended key usage)"
            : $"the server's certificate is not trusted ({status})";
    }

    private void Load(string caFile)
    {
        try
        {
            _authorities.ImportFromPem(File.ReadAllText(caFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CertificateException($"The file of certificate authorities '{caFile}' cannot be read: {e.Message}", e);
        }

        if (_authorities.Count == 0)
        {
            throw new CertificateException($"The file '{caFile}' holds no PEM certificate of an authority.");
        }
    }
}
