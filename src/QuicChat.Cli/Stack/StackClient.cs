using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Stack;

/// <summary>How to connect to gateways with what a data directory holds.</summary>
internal static class StackClient
{
    // Made anew long before: a connection ends with its token.
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    /// <summary>Where a gateway is reached on this machine.</summary>
    public static string Address(RunningGateway gateway) => $"127.0.0.1:{gateway.Port}";

    /// <summary>Trust in the certificate of the data directory, with which all its gateways serve.</summary>
    /// <exception cref="ToolException">There is none, or it cannot be read.</exception>
    public static ServerTrust Trust(DataFolder data)
    {
        var file = Path.Combine(data.FullPath, DevelopmentCertificate.CertificateFileName);
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
            return new ServerTrust.Pinned(certificate.GetCertHash(HashAlgorithmName.SHA256));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ToolException(
                $"'{file}' holds no certificate to trust; give --fingerprint or --ca, or start a stack with '{data.Command("up")}'.", e);
        }
    }

    /// <summary>A development token for a user.</summary>
    public static string Token(DataFolder data, string user, params IReadOnlyList<string> rooms)
        => DevelopmentToken.Create(data, user, user, rooms, TokenLifetime, DateTimeOffset.UtcNow);

    /// <summary>Options to connect to one address as a user.</summary>
    public static ChatClientOptions Options(
        DataFolder data, string server, string user, QuicEngineKind engine = QuicEngineKind.Auto) => new()
        {
            Servers = [server],
            Trust = Trust(data),
            TokenProvider = _ => ValueTask.FromResult(Token(data, user)),
            Engine = engine,
        };
}
