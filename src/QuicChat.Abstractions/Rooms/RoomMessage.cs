namespace QuicChat.Abstractions.Rooms;

/// <summary>A stored message.</summary>
/// <param name="Offset">Its place in the room's log, dense from 1.</param>
/// <param name="UserId">Who sent it.</param>
/// <param name="UserName">The sender's name at the time.</param>
/// <param name="ClientId">From which installation of the application.</param>
/// <param name="ClientSeq">The sender's number for it.</param>
/// <param name="SentAt">When it was stored, by the silo's clock.</param>
/// <param name="Body">The text.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.message")]
public sealed record RoomMessage(
    [property: Id(0)] long Offset,
    [property: Id(1)] string UserId,
    [property: Id(2)] string UserName,
    [property: Id(3)] string ClientId,
    [property: Id(4)] long ClientSeq,
    [property: Id(5)] DateTimeOffset SentAt,
    [property: Id(6)] string Body);
