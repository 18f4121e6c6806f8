using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Sessions;

/// <summary>Judges JSON Web Tokens signed with the development key (HS256).</summary>
internal sealed class TokenValidator
{
    /// <summary>Who issues development tokens.</summary>
    public const string Issuer = "quicchat-dev";

    /// <summary>Whom they are for.</summary>
    public const string Audience = "quicchat";

    /// <summary>30 s: clocks of machines that keep time by NTP differ by far less.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _parameters;

    /// <summary>Makes a validator.</summary>
    /// <param name="key">The shared key.</param>
    /// <param name="time">The clock that lifetimes are judged by.</param>
    public TokenValidator(TokenKey key, TimeProvider time)
        => _parameters = new TokenValidationParameters
        {
            IssuerSigningKey = new SymmetricSecurityKey(key.Bytes),
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidIssuer = Issuer,
            ValidAudience = Audience,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) =>
            {
                var now = time.GetUtcNow().UtcDateTime;
                return expires is { } end && now < end + ClockSkew && !(notBefore > now + ClockSkew);
            },
        };

    /// <summary>Validates a token.</summary>
    /// <exception cref="ProtocolException">It is not valid; the message says why, without a part of it.</exception>
    public async Task<TokenClaims> ValidateAsync(string token)
    {
        if (ProtocolRules.CheckToken(token) is { } error)
        {
            throw Refused(error);
        }

        var result = await _handler.ValidateTokenAsync(token, _parameters);
        if (!result.IsValid)
        {
            throw Refused(Explain(result.Exception), result.Exception);
        }

        var jwt = (JsonWebToken)result.SecurityToken;
        var userId = jwt.Subject;
        if (ProtocolRules.CheckUserId(userId) is { } badId)
        {
            throw Refused($"The token's subject is not a user ID: {badId}");
        }

        var userName = jwt.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Name, out var name) && name.Length > 0 ? name : userId;
        return ProtocolRules.CheckUserName(userName) is { } badName
            ? throw Refused($"The token's name is not a user name: {badName}")
            : new TokenClaims(userId, userName) { Rooms = RoomAccess.Read(jwt) };
    }

    private static ProtocolException Refused(string why, Exception? innerException = null)
        => new(ErrorCode.AuthFailed, why, innerException);

    private static string Explain(Exception? exception) => exception switch
    {
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException
            => "The token is expired or not valid yet.",
        SecurityTokenNoExpirationException => "The token has no expiry.",
        SecurityTokenInvalidAudienceException => "The token is for another audience.",
        SecurityTokenInvalidIssuerException => "The token is of another issuer.",
        SecurityTokenMalformedException => "The token is not a JSON Web Token.",
        _ => "The token is not signed with this gateway's key and HS256.",
    };
}
