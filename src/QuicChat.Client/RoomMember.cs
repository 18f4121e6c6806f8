namespace QuicChat.Client;

/// <summary>A user who is in a room, by one connection or several.</summary>
/// <param name="UserId">The user, as the gateway authenticated them.</param>
/// <param name="UserName">The user's name. It may hold any characters; who shows it on a terminal must escape control characters.</param>
public sealed record RoomMember(string UserId, string UserName);
