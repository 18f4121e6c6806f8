using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Cli.Verbs;
using QuicChat.Protocol;

namespace QuicChat.Cli.Stack;

/// <summary>Makes development tokens: JSON Web Tokens signed with HS256 by the key of the data directory (RFC 7519).</summary>
internal static class DevelopmentToken
{
    /// <summary>Who issues them.</summary>
    public const string Issuer = "quicchat-dev";

    /// <summary>Whom they are for.</summary>
    public const string Audience = "quicchat";

    /// <summary>Makes a token.</summary>
    /// <param name="data">The data directory with the key.</param>
    /// <param name="userId">The user's ID, the claim <c>sub</c>.</param>
    /// <param name="userName">The user's name, the claim <c>name</c>.</param>
    /// <param name="rooms">The private rooms that it opens, the claim <c>rooms</c>; without any there is no such claim.</param>
    /// <param name="lifetime">How long it is valid from now.</param>
    /// <param name="now">The time at which it is issued.</param>
    /// <exception cref="ToolException">The key is missing or no key.</exception>
    public static string Create(DataFolder data, string userId, string userName, IReadOnlyList<string> rooms, TimeSpan lifetime, DateTimeOffset now)
        => Create(data.ReadTokenKey(), userId, userName, rooms, lifetime, now);

    /// <summary>As <see cref="Create(DataFolder, string, string, IReadOnlyList{string}, TimeSpan, DateTimeOffset)"/>, with a key at hand.</summary>
    public static string Create(
        byte[] key, string userId, string userName, IReadOnlyList<string> rooms, TimeSpan lifetime, DateTimeOffset now)
        => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Subject = new ClaimsIdentity([new(JwtRegisteredClaimNames.Sub, userId), new(JwtRegisteredClaimNames.Name, userName)]),
            Claims = rooms.Count == 0 ? null : new Dictionary<string, object> { [RoomNames.Claim] = rooms },
            IssuedAt = now.UtcDateTime,
            Expires = (now + lifetime).UtcDateTime,
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256),
        });
}
