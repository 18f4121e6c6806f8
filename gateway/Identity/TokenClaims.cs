namespace QuicChat.Gateway.Identity;

/// <summary>What a valid token says.</summary>
/// <param name="UserId">Its subject.</param>
/// <param name="UserName">Its name, or the subject where it has none.</param>
/// <param name="ExpiresAt">When it expires, by its issuer's clock.</param>
internal sealed record TokenClaims(string UserId, string UserName, DateTimeOffset ExpiresAt)
{
    /// <summary>Which private rooms it opens; see <see cref="Sessions.RoomAccess"/>.</summary>
    public IReadOnlyList<string> Rooms { get; init; } = [];
}
