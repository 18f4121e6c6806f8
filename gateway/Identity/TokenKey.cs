using Microsoft.IdentityModel.Tokens;

namespace QuicChat.Gateway.Identity;

/// <summary>A key that verifies tokens, and the one algorithm that it is for: what a token says of its algorithm chooses nothing.</summary>
/// <param name="Id">Its <c>kid</c> (RFC 7517, section 4.5), or <see langword="null"/> where it has none.</param>
/// <param name="Algorithm">HS256, RS256 or ES256 (RFC 7518, section 3.1).</param>
/// <param name="Key">The key.</param>
internal sealed record TokenKey(string? Id, string Algorithm, SecurityKey Key)
{
    /// <summary>What it is, never the key.</summary>
    public override string ToString() => Id is null ? Algorithm : $"{Algorithm} '{Id}'";
}
