using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;
using static QuicChat.Gateway.Tests.Support.SigningKeys;

namespace QuicChat.Gateway.Tests.Identity;

public sealed class TokenTests
{
    private readonly TestTime _time = new();

    [Fact]
    public async Task Tokens_of_RSA_and_EC_keys_are_taken_by_PEM_and_by_JWKS()
    {
        var pem = TokenKeySet.Parse(Rsa.ExportSubjectPublicKeyInfoPem() + "\n" + Ec.ExportSubjectPublicKeyInfoPem());
        var jwks = TokenKeySet.Parse(Jwks(Jwk(OtherRsa, "other"), Jwk(Rsa, "rsa"), Jwk(Ec, "ec")));
        foreach (var keys in new[] { pem, jwks })
        {
            foreach (var credentials in new[] { Credentials(Rsa, "rsa"), Credentials(Ec, "ec"), Credentials(Rsa), Credentials(Ec) })
            {
                Assert.Equal("alice", (await ValidateAsync(keys, Tokens.Create(_time, credentials: credentials))).UserId);
            }
        }
    }

    [Fact]
    public async Task A_key_is_chosen_by_its_ID()
    {
        var keys = TokenKeySet.Parse(Jwks(Jwk(Rsa, "a"), Jwk(OtherRsa, "b")));

        await ValidateAsync(keys, Tokens.Create(_time, credentials: Credentials(OtherRsa, "b")));
        await RefusedAsync(keys, Tokens.Create(_time, credentials: Credentials(OtherRsa, "a")));
        await RefusedAsync(keys, Tokens.Create(_time, credentials: Credentials(OtherRsa, "c")));
    }

    [Fact]
    public async Task The_key_decides_on_the_algorithm()
    {
        var pem = Rsa.ExportSubjectPublicKeyInfoPem();
        var keys = TokenKeySet.Parse(pem);

        await RefusedAsync(keys, Tokens.Unsigned(_time));
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(pem), Encoding.UTF8.GetBytes(pem + "\n"), Rsa.ExportSubjectPublicKeyInfo() })
        {
            await RefusedAsync(keys, Tokens.Create(_time, key: secret));
        }

        await RefusedAsync(keys, Tokens.Create(_time, credentials: Credentials(Rsa, algorithm: SecurityAlgorithms.RsaSha512)));
        await RefusedAsync(keys, Tokens.Create(_time, credentials: Credentials(Rsa, algorithm: SecurityAlgorithms.RsaSsaPssSha256)));
        await RefusedAsync(keys, Tokens.Create(_time));
        await RefusedAsync(Tokens.Keys, Tokens.Create(_time, credentials: Credentials(Rsa)));
    }

    [Theory]
    [InlineData("\"rooms\":[\"private:\\ud800\"]")]
    [InlineData("\"rooms\":[\"private:\u00ff\"]")]
    [InlineData("\"name\":\"\\ud800\"")]
    public async Task Claims_that_are_not_Unicode_are_refused_though_the_issuer_has_signed_them(string claim)
    {
        // A byte for a character: some are then no UTF-8.
        var json = $$"""{"sub":"alice","iss":"{{Tokens.Options.Issuer}}","aud":"{{Tokens.Options.Audience}}","exp":{{_time.GetUtcNow().AddHours(1).ToUnixTimeSeconds()}},{{claim}}}""";
        var content = $"{Base64UrlEncoder.Encode("""{"alg":"HS256","typ":"JWT"}""")}.{Base64UrlEncoder.Encode(Encoding.Latin1.GetBytes(json))}";

        var token = $"{content}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Tokens.Key, Encoding.ASCII.GetBytes(content)))}";
        var refused = await Assert.ThrowsAsync<ProtocolException>(() => ValidateAsync(Tokens.Keys, token));
        Assert.Equal(ErrorCode.AuthFailed, refused.Code);
    }

    [Fact]
    public async Task A_token_whose_parts_were_exchanged_is_not_taken()
    {
        var keys = TokenKeySet.Parse(Jwks(Jwk(Rsa, "a")));
        var own = Tokens.Create(_time, "mallory", credentials: Credentials(Rsa, "a")).Split('.');
        var others = Tokens.Create(_time, "alice", credentials: Credentials(Rsa, "a")).Split('.');

        await RefusedAsync(keys, $"{own[0]}.{others[1]}.{own[2]}");
        await RefusedAsync(keys, $"{own[0]}.{own[1]}.");
        await RefusedAsync(keys, $"{own[0]}.{own[1]}.{own[2][..^8]}AAAAAAAA");
    }

    [Fact]
    public async Task Issuer_audience_skew_and_name_claim_are_as_configured()
    {
        var options = new TokenOptions
        {
            Issuer = "https://id.example.org",
            Audience = "chat",
            ClockSkew = TimeSpan.FromSeconds(5),
            NameClaim = "preferred_username",
        };
        var validator = new TokenValidator(() => Tokens.Keys, options, _time);
        string Token(int expiresInSeconds = 60) => Tokens.Create(
            _time, "u-1", "not this", "https://id.example.org", "chat", TimeSpan.FromSeconds(expiresInSeconds), claims: ("preferred_username", "Ursula"));

        var claims = await validator.ValidateAsync(Token());
        Assert.Equal(("u-1", "Ursula", _time.GetUtcNow().AddSeconds(60)), (claims.UserId, claims.UserName, claims.ExpiresAt));
        await validator.ValidateAsync(Token(-4));
        foreach (var bad in new[] { Token(-6), Tokens.Create(_time) })
        {
            Assert.Equal(ErrorCode.AuthFailed, (await Assert.ThrowsAsync<ProtocolException>(() => validator.ValidateAsync(bad))).Code);
        }
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData(",'crit':['exp']", "", "asks for extensions (crit)")]
    [InlineData(",'crit':[]", "", "asks for extensions (crit)")]
    [InlineData(",'crit':null", "", "asks for extensions (crit)")]
    [InlineData("", "'exp':'soon'", "cannot be read")]
    [InlineData("", "'exp':[1]", "cannot be read")]
    [InlineData("", "'exp':{}", "cannot be read")]
    [InlineData("", "'exp':null", "cannot be read")]
    [InlineData("", "'exp':1", "is expired or not valid yet")]
    [InlineData("", "'nbf':'soon'", "cannot be read")]
    [InlineData("", "'nbf':true", "cannot be read")]
    [InlineData("", "'sub':['alice']", "cannot be read")]
    [InlineData("", "'sub':{'a':1}", "cannot be read")]
    [InlineData("", "'iss':['quicchat-dev','b']", "cannot be read")]
    [InlineData("", "'aud':{'a':1}", "cannot be read")]
    public async Task A_token_that_is_signed_and_not_good_is_told_why(string header, string claim, string? expected)
    {
        var claims = new Dictionary<string, string>
        {
            ["sub"] = "'sub':'alice'",
            ["iss"] = $"'iss':'{Tokens.Options.Issuer}'",
            ["aud"] = $"'aud':'{Tokens.Options.Audience}'",
            ["exp"] = $"'exp':{_time.GetUtcNow().AddHours(1).ToUnixTimeSeconds()}",
        };
        if (claim.Length > 0)
        {
            claims[claim[1..4]] = claim;
        }

        var token = Tokens.Signed(Json($"{{'alg':'HS256','typ':'JWT'{header}}}"), Json($"{{{string.Join(',', claims.Values)}}}"));

        if (expected is null)
        {
            await ValidateAsync(Tokens.Keys, token);
            return;
        }

        var refused = await Assert.ThrowsAsync<ProtocolException>(() => ValidateAsync(Tokens.Keys, token));
        Assert.Equal(ErrorCode.AuthFailed, refused.Code);
        Assert.True(
            refused.Message.Contains(expected, StringComparison.Ordinal),
            $"{refused.Message} {refused.InnerException}");

        static string Json(string text) => text.Replace('\'', '"');
    }

    [Fact]
    public async Task An_expiry_in_the_far_future_is_one()
        => Assert.True((await ValidateAsync(Tokens.Keys, Tokens.Create(_time, expiresIn: TimeSpan.FromDays(365_000)))).ExpiresAt.Year > 3000);

    private Task<TokenClaims> ValidateAsync(TokenKeySet keys, string token) => new TokenValidator(() => keys, Tokens.Options, _time).ValidateAsync(token);

    private async Task RefusedAsync(TokenKeySet keys, string token)
    {
        var refused = await Assert.ThrowsAsync<ProtocolException>(() => ValidateAsync(keys, token));
        Assert.Equal(ErrorCode.AuthFailed, refused.Code);
        Assert.Contains("is not signed with one of this gateway's keys", refused.Message, StringComparison.Ordinal);
    }
}
