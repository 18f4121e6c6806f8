using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Cli.Stack;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Verbs;

/// <summary>The options that say which gateway a verb connects to, and how that proves that it is the right one.</summary>
internal sealed class ServerOptions
{
    private const string SystemAuthorities = "system";

    private readonly Option<DnsEndPoint?> _server = Choice.Of<DnsEndPoint?>(
        "--server", "HOST:PORT", "The gateway. Without it those of this machine's stack.", Quantity.HostAndPort);

    private readonly Option<ServerTrust?> _fingerprint = Choice.Of<ServerTrust?>(
        "--fingerprint", "SHA256", "The fingerprint of the gateway's certificate. Without it that of DIR.", ServerTrust.Pinned.Parse);

    private readonly Option<string?> _authority = Choice.Checked(
        "--ca",
        "FILE",
        "Certificate authorities (PEM) to trust instead of a fingerprint; 'system' trusts those of this system.",
        file => string.IsNullOrWhiteSpace(file) ? "the name of the file is empty" : null);

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_server, _fingerprint, _authority];

    /// <summary>Refuses options that do not go together.</summary>
    /// <exception cref="UsageException">They do not.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_authority) is not null
            && (parsed.GetValue(_server) is null || parsed.GetValue(_fingerprint) is not null))
        {
            throw new UsageException("--ca goes with --server, and takes the place of --fingerprint");
        }
    }

    /// <summary>The gateway as <c>host:port</c>, where one was named.</summary>
    public string? Address(ParseResult parsed) => parsed.GetValue(_server) is { } server ? Text(server) : null;

    /// <summary>What to trust: what was given, or else the certificate of the data directory.</summary>
    /// <exception cref="ToolException">A file holds no certificate, or cannot be read.</exception>
    public ServerTrust Trust(ParseResult parsed, DataFolder data) => parsed.GetValue(_authority) switch
    {
        SystemAuthorities => new ServerTrust.SystemStore(parsed.GetValue(_server)!.Host),
        { } file => new ServerTrust.Authority(RequireAuthorities(file), parsed.GetValue(_server)!.Host),
        null => parsed.GetValue(_fingerprint) ?? StackClient.Trust(data),
    };

    /// <summary>How the trust was given, to end a message with.</summary>
    public string HowTrusted(ParseResult parsed)
        => parsed.GetValue(_authority) is not null ? "with --ca"
            : parsed.GetValue(_fingerprint) is not null ? "with --fingerprint"
            : "by the data directory; name another with --data DIR, or give --fingerprint";

    private static string RequireAuthorities(string file)
    {
        const string Advice = "give the certificate authorities as PEM with --ca FILE";
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0 ? file : throw new CryptographicException();
        }
        catch (CryptographicException e)
        {
            throw new ToolException($"the file '{file}' holds no certificate; {Advice}.", e);
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            throw new ToolException($"the file '{file}' cannot be read ({FileProblem.Describe(file, e)}); {Advice}.", e);
        }
    }

    private static string Text(DnsEndPoint server)
        => server.Host.Contains(':', StringComparison.Ordinal) ? $"[{server.Host}]:{server.Port}" : $"{server.Host}:{server.Port}";
}
