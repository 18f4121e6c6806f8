namespace QuicChat.Client;

/// <summary>Users have come to a room, or left it. The first change tells of all who were there.</summary>
/// <param name="Joined">Those who are there now and were not before.</param>
/// <param name="Left">Those who were there before and are not now.</param>
/// <param name="Count">How many users are in the room; in a large room more than the gateway names.</param>
public sealed record PresenceChange(IReadOnlyList<RoomMember> Joined, IReadOnlyList<RoomMember> Left, int Count);
