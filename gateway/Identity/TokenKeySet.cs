using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace QuicChat.Gateway.Identity;

/// <summary>
/// The keys of a key file, told apart by what it holds: a JWKS (RFC 7517), public keys as PEM, or the Base64 of the 32 bytes that
/// development tokens are signed with.
/// </summary>
internal sealed class TokenKeySet
{
    /// <summary>32 bytes of a shared key: HS256 asks for no fewer (RFC 7518, section 3.2).</summary>
    public const int SecretLength = 32;

    // RFC 7518, section 3.3.
    private const int MinRsaBits = 2048;
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string Usable = "RS256 takes an RSA key of 2048 bits or more, ES256 one on the curve P-256";

    private TokenKeySet(ImmutableArray<TokenKey> keys) => Keys = keys;

    /// <summary>At least one.</summary>
    public ImmutableArray<TokenKey> Keys { get; }

    /// <summary>Whether who reads the file can make tokens.</summary>
    public bool IsSecret => Keys.Any(key => key.Algorithm == SecurityAlgorithms.HmacSha256);

    /// <summary>Reads the text of a key file.</summary>
    /// <exception cref="FormatException">It holds no key that can be used; the message goes on after the name of the file.</exception>
    public static TokenKeySet Parse(string text)
    {
        text = text.Trim();
        var keys = text.Length == 0 ? throw new FormatException("is empty; it takes a JWKS, public keys as PEM, or 32 bytes of Base64")
            : text[0] == '{' ? ParseJson(text)
            : text.Contains("-----BEGIN ", StringComparison.Ordinal) ? ParsePem(text)
            : [ParseSecret(text)];
        return new TokenKeySet(keys);
    }

    /// <summary>The keys that may have signed a token.</summary>
    /// <param name="id">Its <c>kid</c>; without one, or where no key has that ID, the keys without an ID may have.</param>
    /// <param name="algorithm">Its <c>alg</c>; keys for another one have not.</param>
    public IEnumerable<SecurityKey> Find(string? id, string algorithm)
    {
        var isNamed = !string.IsNullOrEmpty(id);
        var isKnown = isNamed && Keys.Any(key => key.Id == id);
        return Keys
            .Where(key => key.Algorithm == algorithm && (!isNamed || key.Id == (isKnown ? id : null)))
            .Select(key => key.Key);
    }

    /// <summary>What keys there are, never the keys.</summary>
    public override string ToString() => string.Join(", ", Keys);

    private static TokenKey ParseSecret(string text)
    {
        Span<byte> bytes = stackalloc byte[SecretLength + 1];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == SecretLength
            ? new TokenKey(null, SecurityAlgorithms.HmacSha256, new SymmetricSecurityKey(bytes[..SecretLength].ToArray()))
            : throw new FormatException(
                $"holds neither a JWKS, nor PEM, nor {SecretLength} bytes of Base64; 'openssl rand -base64 {SecretLength}' makes the last of them");
    }

    private static ImmutableArray<TokenKey> ParsePem(string text)
    {
        var keys = ImmutableArray.CreateBuilder<TokenKey>();
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var block); rest = rest[block.Location.End..])
        {
            var label = rest[block.Label].ToString();
            var bytes = Convert.FromBase64String(rest[block.Base64Data].ToString());
            try
            {
                keys.Add(label switch
                {
                    "PUBLIC KEY" => Of(null, PublicKey.CreateFromSubjectPublicKeyInfo(bytes, out _)),
                    "RSA PUBLIC KEY" => OfRsa(null, rsa => rsa.ImportRSAPublicKey(bytes, out _)),
                    "CERTIFICATE" => Of(null, X509CertificateLoader.LoadCertificate(bytes).PublicKey),
                    _ when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) => throw new FormatException(
                        "holds a private key, which no gateway should have; 'openssl pkey -in FILE -pubout' writes its public key"),
                    _ => throw new FormatException($"holds a PEM block '{label}'; public keys and certificates are read"),
                });
            }
            catch (UnusableKeyException e)
            {
                throw new FormatException($"holds {e.Message}", e);
            }
            catch (Exception e) when (IsOfTheKey(e))
            {
                throw new FormatException($"holds a PEM block '{label}' that cannot be read", e);
            }
        }

        return keys.Count > 0 ? keys.ToImmutable() : throw new FormatException("begins like PEM, but holds no whole block of it");
    }

    private static ImmutableArray<TokenKey> ParseJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            var found = root.TryGetProperty("keys", out var list) ? list.EnumerateArray().ToArray() : [root];
            var keys = ImmutableArray.CreateBuilder<TokenKey>();
            var because = "it lists none";
            foreach (var jwk in found)
            {
                try
                {
                    keys.Add(ParseJwk(jwk));
                }
                catch (UnusableKeyException e)
                {
                    // A set may hold keys for other purposes.
                    because = e.Message;
                }
            }

            return keys.Count > 0 ? keys.ToImmutable() : throw new FormatException($"is a JWKS without a key for tokens: {because}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException("begins like a JWKS, but is none", e);
        }
    }

    private static TokenKey ParseJwk(JsonElement jwk)
    {
        var id = Text(jwk, "kid");
        var name = id is null ? "a key without a kid" : $"key '{id}'";
        if (jwk.TryGetProperty("d", out _))
        {
            throw new FormatException($"holds the private part of {name}, which no gateway should have; give the public set");
        }

        if (Text(jwk, "use") is { } use && use != "sig")
        {
            throw new UnusableKeyException($"{name} is for the use '{use}', not 'sig'");
        }

        try
        {
            var key = Text(jwk, "kty") switch
            {
                "RSA" => OfRsa(id, rsa => rsa.ImportParameters(new RSAParameters { Modulus = Bytes(jwk, "n"), Exponent = Bytes(jwk, "e") })),
                "EC" when Text(jwk, "crv") == "P-256" => OfEc(id, ec => ec.ImportParameters(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") },
                })),
                var type => throw new UnusableKeyException($"{name} is of the type '{type} {Text(jwk, "crv")}".TrimEnd() + $"'; {Usable}"),
            };
            return Text(jwk, "alg") is { } algorithm && algorithm != key.Algorithm
                ? throw new UnusableKeyException($"{name} is for {algorithm}; {Usable}")
                : key;
        }
        catch (Exception e) when (IsOfTheKey(e))
        {
            throw new FormatException($"holds {name}, which cannot be read", e);
        }
        catch (FormatException e) when (e is not UnusableKeyException)
        {
            throw new FormatException($"holds {name}, whose numbers are missing or not Base64url", e);
        }
    }

    // What numbers make no key, or one of a kind that this system does not know.
    private static bool IsOfTheKey(Exception e) => e is CryptographicException or ArgumentException or PlatformNotSupportedException;

    private static string? Text(JsonElement jwk, string name) => jwk.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static byte[] Bytes(JsonElement jwk, string name) => Text(jwk, name) is { Length: > 0 } text ? Base64Url.DecodeFromChars(text) : throw new FormatException(name);

    private static TokenKey Of(string? id, PublicKey key)
    {
        using var rsa = key.GetRSAPublicKey();
        using var ec = key.GetECDsaPublicKey();
        return rsa is not null ? OfRsa(id, copy => copy.ImportParameters(rsa.ExportParameters(false)))
            : ec is not null ? OfEc(id, copy => copy.ImportParameters(ec.ExportParameters(false)))
            : throw new UnusableKeyException($"a key that is neither RSA nor EC; {Usable}");
    }

    private static TokenKey OfRsa(string? id, Action<RSA> import)
    {
        var rsa = RSA.Create();
        import(rsa);
        return rsa.KeySize >= MinRsaBits
            ? new TokenKey(id, SecurityAlgorithms.RsaSha256, new RsaSecurityKey(rsa))
            : throw new UnusableKeyException($"an RSA key of {rsa.KeySize} bits; {Usable}");
    }

    private static TokenKey OfEc(string? id, Action<ECDsa> import)
    {
        var ec = ECDsa.Create();
        import(ec);
        return ec.ExportParameters(false).Curve.Oid is { Value: P256 } or { FriendlyName: "nistP256" or "ECDSA_P256" }
            ? new TokenKey(id, SecurityAlgorithms.EcdsaSha256, new ECDsaSecurityKey(ec))
            : throw new UnusableKeyException($"an EC key on another curve; {Usable}");
    }

    /// <summary>A key that is well-formed, and not for tokens.</summary>
    private sealed class UnusableKeyException(string message) : FormatException(message);
}
