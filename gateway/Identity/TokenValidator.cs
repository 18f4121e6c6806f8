using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Sessions;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Identity;

/// <summary>Judges JSON Web Tokens (RFC 7519).</summary>
internal sealed class TokenValidator
{
    // RFC 7515, section 4.1.11: what it names must be understood, or the token is not valid. Nothing is.
    private const string Critical = "crit";

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _parameters;
    private readonly TokenOptions _options;

    /// <summary>Makes a validator.</summary>
    /// <param name="keys">Tells the keys in force.</param>
    /// <param name="options">Which tokens are taken.</param>
    /// <param name="time">The clock that lifetimes are judged by.</param>
    public TokenValidator(Func<TokenKeySet> keys, TokenOptions options, TimeProvider time)
    {
        _options = options;
        _parameters = new TokenValidationParameters
        {
            // The key decides on the algorithm, so neither "none" nor a public key used as a shared one comes through.
            IssuerSigningKeyResolver = (_, token, id, _) => keys().Find(id, ((JsonWebToken)token).Alg),
            TryAllIssuerSigningKeys = false,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256],
            ValidIssuer = options.Issuer,
            ValidAudience = options.Audience,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) =>
            {
                var now = time.GetUtcNow().UtcDateTime;
                return expires is { } end && now - options.ClockSkew < end && !(notBefore > now + options.ClockSkew);
            },
        };
    }

    /// <summary>How much later than its expiry a token is taken.</summary>
    public TimeSpan ClockSkew => _options.ClockSkew;

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
        if (jwt.TryGetHeaderValue<object>(Critical, out _))
        {
            throw Refused("The token asks for extensions (crit) that this gateway does not know.");
        }

        try
        {
            return Read(jwt);
        }
        catch (InvalidOperationException e)
        {
            // So the library says that a text is not Unicode, and only when it is read; the issuer has signed it.
            throw Refused("The token's claims hold text that is not Unicode.", e);
        }
    }

    private TokenClaims Read(JsonWebToken jwt)
    {
        var userId = jwt.Subject;
        if (ProtocolRules.CheckUserId(userId) is { } badId)
        {
            throw Refused($"The token's subject is not a user ID: {badId}");
        }

        var userName = jwt.TryGetPayloadValue<string>(_options.NameClaim, out var name) && name is { Length: > 0 } ? name : userId;
        return ProtocolRules.CheckUserName(userName) is { } badName
            ? throw Refused($"The token's name is not a user name: {badName}")
            : new TokenClaims(userId, userName, jwt.ValidTo) { Rooms = RoomAccess.Read(jwt) };
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
        // So the library says that a part is not JSON, or a claim that it knows not of the right type; its signature was not looked at.
        ArgumentException
            => "The token cannot be read: its parts must be JSON objects, with numbers in exp and nbf, and text in sub, iss and aud.",
        _ => "The token is not signed with one of this gateway's keys and the algorithm that the key is for.",
    };
}
