namespace QuicChat.Abstractions.Rooms;

/// <summary>A user in a room.</summary>
/// <param name="UserId">Who.</param>
/// <param name="UserName">The name shown to others.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.user")]
public sealed record RoomUser(
    [property: Id(0)] string UserId,
    [property: Id(1)] string UserName);
