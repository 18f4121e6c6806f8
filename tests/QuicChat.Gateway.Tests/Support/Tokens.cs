using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Sessions;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>Makes tokens, good ones unless told otherwise.</summary>
internal static class Tokens
{
    public static TokenKey Key { get; } = new(RandomNumberGenerator.GetBytes(TokenKey.Length));

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
        object? rooms = null)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = user };
        if (name is not null)
        {
            claims[JwtRegisteredClaimNames.Name] = name;
        }

        if (rooms is not null)
        {
            claims[RoomAccess.Claim] = rooms;
        }

        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? TokenValidator.Issuer,
            Audience = audience ?? TokenValidator.Audience,
            Claims = claims,
            IssuedAt = now,
            NotBefore = now + (validIn ?? -TimeSpan.FromDays(1)),
            Expires = now + (expiresIn ?? TimeSpan.FromHours(1)),
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(key ?? Key.Bytes), algorithm),
        });
    }

    /// <summary>A token without a signature.</summary>
    public static string Unsigned(TimeProvider time)
    {
        var parts = Create(time).Split('.');
        return $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.";
    }
}
