namespace QuicChat.Gateway.Sessions;

/// <summary>What a valid token says.</summary>
/// <param name="UserId">Its subject.</param>
/// <param name="UserName">Its name, or the subject where it has none.</param>
internal sealed record TokenClaims(string UserId, string UserName)
{
    /// <summary>Which private rooms it opens; see <see cref="RoomAccess"/>.</summary>
    public IReadOnlyList<string> Rooms { get; init; } = [];
}
