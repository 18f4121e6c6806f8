using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Gateway.Identity;
using QuicChat.Protocol;

namespace QuicChat.Fuzz.Targets;

/// <summary>JSON Web Tokens: an altered one, and one that is only signed, is refused by <see cref="ProtocolException"/>, or says what a good one may say.</summary>
internal sealed class TokenTarget : IFuzzTarget
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, TokenKeySet.SecretLength).Select(i => (byte)i)];
    private static readonly TokenOptions Options = new();

    private readonly TokenValidator _validator;
    private readonly byte[] _good;
    private readonly string _payload;

    public TokenTarget()
    {
        var keys = TokenKeySet.Parse(Convert.ToBase64String(Key));
        _validator = new TokenValidator(() => keys, Options, TimeProvider.System);
        _good = Encoding.ASCII.GetBytes(new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Options.Issuer,
            Audience = Options.Audience,
            Claims = new Dictionary<string, object> { ["sub"] = "alice", ["name"] = "Alice", ["rooms"] = new[] { "private:a", "private:b*" } },
            Expires = DateTime.UtcNow + TimeSpan.FromDays(365),
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Key), SecurityAlgorithms.HmacSha256),
        }));
        _payload = Encoding.UTF8.GetString(Base64Url.DecodeFromUtf8(_good.AsSpan()[(_good.AsSpan().IndexOf((byte)'.') + 1).._good.AsSpan().LastIndexOf((byte)'.')]));
    }

    public IEnumerable<byte[]> Seeds =>
    [
        [0, .. _good],
        [1],
        [1, 0, 1, 0, 0xff],
        [2, .. Encoding.UTF8.GetBytes("""{"alg":"HS256","typ":"JWT"}"""), 0, .. Encoding.UTF8.GetBytes(_payload)],
        [2, .. Encoding.UTF8.GetBytes("""{"alg":"none","crit":["b64"],"kid":"a"}"""), 0, .. Encoding.UTF8.GetBytes("""{"exp":1e99,"nbf":"x","sub":7,"aud":[[]]}""")],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        switch (choices.Byte() % 3)
        {
            case 0:
                // Made up by somebody without the key, who may have seen a good one.
                MustNotForge(choices.Rest());
                break;
            case 1:
                MustNotForge(choices.Edit(_good));
                break;
            default:
                // Whatever the issuer signs: it is taken or refused.
                var rest = choices.Rest();
                var end = rest.IndexOf((byte)0);
                var header = end < 0 ? rest : rest[..end];
                var payload = rest[Math.Min(rest.Length, header.Length + 1)..];
                var content = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
                var claims = Validate($"{content}.{Base64Url.EncodeToString(HMACSHA256.HashData(Key, Encoding.ASCII.GetBytes(content)))}");
                FindingException.ThrowUnless(
                    claims is null || (ProtocolRules.CheckUserId(claims.UserId) is null && ProtocolRules.CheckUserName(claims.UserName) is null),
                    $"A token names the user '{claims?.UserId}', '{claims?.UserName}'.");
                break;
        }
    }

    public void Dispose()
    {
    }

    // The last character of a part may have bits that stand for nothing (RFC 4648, section 3.5).
    private void MustNotForge(ReadOnlySpan<byte> token)
        => FindingException.ThrowUnless(
            Validate(Encoding.UTF8.GetString(token)) is null || Parts(token).SequenceEqual(Parts(_good)), "A token that was altered is taken.");

    private static IEnumerable<string> Parts(ReadOnlySpan<byte> token)
        => Encoding.UTF8.GetString(token).Split('.').Select(part => Convert.ToHexString(Base64UrlEncoder.DecodeBytes(part)));

    private TokenClaims? Validate(string token)
    {
        try
        {
            return _validator.ValidateAsync(token).GetAwaiter().GetResult();
        }
        catch (ProtocolException e)
        {
            FindingException.ThrowUnless(e.Code == ErrorCode.AuthFailed, $"It is refused with {e.Code}.");
            return null;
        }
    }
}
