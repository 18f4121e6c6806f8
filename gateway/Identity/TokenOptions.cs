namespace QuicChat.Gateway.Identity;

/// <summary>Which tokens a gateway takes.</summary>
public sealed class TokenOptions
{
    /// <summary>The file with the keys that tokens are verified with: a JWKS, public keys as PEM, or 32 bytes of Base64 for HS256.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>The claim <c>iss</c> that a token must have; as made by <c>quicchat token</c>.</summary>
    public string Issuer { get; set; } = "quicchat-dev";

    /// <summary>The claim <c>aud</c> that a token must have, alone or among others; as made by <c>quicchat token</c>.</summary>
    public string Audience { get; set; } = "quicchat";

    /// <summary>30 s: clocks of machines that keep time by NTP differ by far less.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The claim that holds the name shown to others; where a token has none, its subject is shown.</summary>
    public string NameClaim { get; set; } = "name";

    /// <summary>
    /// 5 s between looks at the key file. It is read, not watched: a mounted secret is often a link that changes, of which no watch tells.
    /// </summary>
    public TimeSpan KeyReadInterval { get; set; } = TimeSpan.FromSeconds(5);
}
