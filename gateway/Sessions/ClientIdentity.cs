namespace QuicChat.Gateway.Sessions;

/// <summary>Who authenticated.</summary>
/// <param name="UserId">The token's subject.</param>
/// <param name="UserName">The name shown to others.</param>
/// <param name="ClientId">The installation of the application.</param>
internal sealed record ClientIdentity(string UserId, string UserName, string ClientId)
{
    /// <summary>Which private rooms its token opens; see <see cref="RoomAccess"/>.</summary>
    public IReadOnlyList<string> Rooms { get; init; } = [];
}
