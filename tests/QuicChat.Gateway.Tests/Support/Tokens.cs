using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Identity;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>Makes tokens, good ones unless told otherwise.</summary>
internal static class Tokens
{
    /// <summary>The key of good tokens.</summary>
    public static byte[] Key { get; } = RandomNumberGenerator.GetBytes(TokenKeySet.SecretLength);

    /// <summary>The text of a key file with it.</summary>
    public static string KeyText => Convert.ToBase64String(Key);

    public static TokenKeySet Keys { get; } = TokenKeySet.Parse(KeyText);

    public static TokenOptions Options { get; } = new();

    public static string Create(
        TimeProvider time,
        string user = "alice",
        string? name = null,
        string? issuer = null,
        string? audience = null,
        TimeSpan? expiresIn = null,
        TimeSpan? validIn = null,
        byte[]? key = null,
        string algorithm = SecurityAlgorithms.HmacSha256,
        SigningCredentials? credentials = null,
        params (string Claim, object Value)[] claims)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var all = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = user };
        if (name is not null)
        {
            all[JwtRegisteredClaimNames.Name] = name;
        }

        foreach (var (claim, value) in claims)
        {
            all[claim] = value;
        }

        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Options.Issuer,
            Audience = audience ?? Options.Audience,
            Claims = all,
            IssuedAt = now,
            NotBefore = now + (validIn ?? -TimeSpan.FromDays(1)),
            Expires = now + (expiresIn ?? TimeSpan.FromHours(1)),
            SigningCredentials = credentials ?? new SigningCredentials(new SymmetricSecurityKey(key ?? Key), algorithm),
        });
    }

    /// <summary>A token that never expires.</summary>
    public static string Endless(SigningCredentials credentials)
        => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Options.Issuer,
            Audience = Options.Audience,
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = "alice" },
            SigningCredentials = credentials,
        });

    /// <summary>A token with this header and payload, both JSON, signed with <see cref="Key"/>.</summary>
    public static string Signed(string header, string payload)
    {
        var content = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(payload)}";
        return $"{content}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Key, Encoding.ASCII.GetBytes(content)))}";
    }

    /// <summary>A token without a signature.</summary>
    public static string Unsigned(TimeProvider time)
    {
        var parts = Create(time).Split('.');
        return $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.";
    }
}
