using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>An issuer's key pairs, and their public halves as key files hold them.</summary>
internal static class SigningKeys
{
    public static RSA Rsa { get; } = RSA.Create(2048);

    public static RSA OtherRsa { get; } = RSA.Create(2048);

    public static ECDsa Ec { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static SigningCredentials Credentials(RSA key, string? id = null, string algorithm = SecurityAlgorithms.RsaSha256)
        => new(new RsaSecurityKey(key) { KeyId = id }, algorithm);

    public static SigningCredentials Credentials(ECDsa key, string? id = null)
        => new(new ECDsaSecurityKey(key) { KeyId = id }, SecurityAlgorithms.EcdsaSha256);

    public static string Jwks(params object[] keys) => JsonSerializer.Serialize(new { keys });

    public static object Jwk(RSA key, string? id, string? use = "sig", string? alg = null) => new
    {
        kty = "RSA",
        kid = id,
        use,
        alg,
        n = Base64Url.EncodeToString(key.ExportParameters(false).Modulus),
        e = Base64Url.EncodeToString(key.ExportParameters(false).Exponent),
    };

    public static object Jwk(ECDsa key, string? id) => new
    {
        kty = "EC",
        crv = "P-256",
        kid = id,
        x = Base64Url.EncodeToString(key.ExportParameters(false).Q.X),
        y = Base64Url.EncodeToString(key.ExportParameters(false).Q.Y),
    };
}
