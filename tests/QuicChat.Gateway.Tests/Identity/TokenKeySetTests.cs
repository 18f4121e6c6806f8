using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Tests.Support;
using static QuicChat.Gateway.Tests.Support.SigningKeys;

namespace QuicChat.Gateway.Tests.Identity;

public sealed class TokenKeySetTests
{
    public static TheoryData<string, string> BadFiles { get; } = new()
    {
        { " \n", "is empty; it takes" },
        { "not base64!", "32 bytes of Base64" },
        { Convert.ToBase64String(new byte[31]), "32 bytes of Base64" },
        { Convert.ToBase64String(new byte[64]), "32 bytes of Base64" },
        { "-----BEGIN PUBLIC KEY-----\nAAAA", "holds no whole block" },
        { PemEncoding.WriteString("PUBLIC KEY", new byte[20]), "that cannot be read" },
        { PemEncoding.WriteString("DH PARAMETERS", new byte[20]), "'DH PARAMETERS'" },
        { Rsa.ExportPkcs8PrivateKeyPem(), "holds a private key, which no gateway should have" },
        { Ec.ExportECPrivateKeyPem(), "holds a private key, which no gateway should have" },
        { RSA.Create(1024).ExportSubjectPublicKeyInfoPem(), "holds an RSA key of 1024 bits; RS256 takes" },
        { ECDsa.Create(ECCurve.NamedCurves.nistP384).ExportSubjectPublicKeyInfoPem(), "holds an EC key on another curve; RS256 takes" },
        { "{", "begins like a JWKS, but is none" },
        { """{"keys":7}""", "begins like a JWKS, but is none" },
        { """{"keys":[]}""", "without a key for tokens: it lists none" },
        { """{"keys":[{"kty":"oct","kid":"s","k":"AAAA"}]}""", "without a key for tokens: key 's' is of the type 'oct'" },
        { """{"keys":[{"kty":"RSA","kid":"a","n":"%%","e":"AQAB"}]}""", "holds key 'a', whose numbers are missing or not Base64url" },
        { """{"keys":[{"kty":"EC","crv":"P-256","kid":"b","x":"AAAA","y":"AAAA"}]}""", "holds key 'b', which cannot be read" },
        { """{"keys":[{"kty":"RSA","kid":"e","n":"","e":""}]}""", "holds key 'e', whose numbers are missing" },
        { """{"keys":[{"kty":"RSA","kid":7}]}""", "begins like a JWKS, but is none" },
        { """{"keys":["a"]}""", "begins like a JWKS, but is none" },
        { """{"keys":[{"kty":"RSA","kid":"c","n":"AQAB","e":"AQAB","d":"AQAB"}]}""", "holds the private part of key 'c'" },
        { Jwks(Jwk(Rsa, "enc", use: "enc")), "key 'enc' is for the use 'enc'" },
        { Jwks(Jwk(Rsa, "ps", alg: "PS256")), "key 'ps' is for PS256" },
    };

    [Fact]
    public void A_shared_key_is_32_bytes_of_Base64_and_is_never_shown()
    {
        var keys = TokenKeySet.Parse(Tokens.KeyText + "\n");

        Assert.True(keys.IsSecret);
        Assert.Equal("HS256", keys.ToString());
    }

    [Fact]
    public void Public_keys_are_read_from_PEM_of_each_kind()
    {
        using var certificate = new CertificateRequest("CN=issuer", Ec, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        var keys = TokenKeySet.Parse(string.Join(
            '\n', Rsa.ExportSubjectPublicKeyInfoPem(), OtherRsa.ExportRSAPublicKeyPem(), Ec.ExportSubjectPublicKeyInfoPem(), certificate.ExportCertificatePem()));

        Assert.Equal("RS256, RS256, ES256, ES256", keys.ToString());
        Assert.False(keys.IsSecret);
    }

    [Fact]
    public void A_JWKS_gives_the_keys_that_are_for_tokens()
    {
        var keys = TokenKeySet.Parse(Jwks(Jwk(Rsa, "a"), Jwk(OtherRsa, "b", use: "enc"), Jwk(Ec, "c"), Jwk(OtherRsa, null, use: null, alg: "RS256")));

        Assert.Equal("RS256 'a', ES256 'c', RS256", keys.ToString());
        Assert.Equal([keys.Keys[0].Key], keys.Find("a", "RS256"));
        Assert.Equal([keys.Keys[1].Key], keys.Find("c", "ES256"));
        Assert.Empty(keys.Find("c", "RS256"));
        Assert.Empty(keys.Find("a", "HS256"));
        Assert.Equal([keys.Keys[2].Key], keys.Find("unknown", "RS256"));
        Assert.Equal([keys.Keys[0].Key, keys.Keys[2].Key], keys.Find(null, "RS256"));
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void What_holds_no_key_is_told_in_words(string text, string told)
        => Assert.Contains(told, Assert.ThrowsAny<FormatException>(() => TokenKeySet.Parse(text)).Message, StringComparison.Ordinal);
}
