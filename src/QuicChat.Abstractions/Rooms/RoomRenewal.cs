namespace QuicChat.Abstractions.Rooms;

/// <summary>What a gateway says when it asks for a room's messages, or asks on.</summary>
/// <param name="Seen">
/// How far it has seen the log reach; <see langword="null"/> where it has not seen it yet. A log that is found to reach less far, since its
/// store was rolled back together with the silo, begins a new epoch before the answer.
/// </param>
/// <param name="Members">Who of its users are in the room, or what has changed since it last said so; <see langword="null"/> where nothing has.</param>
/// <param name="WantsPresence">Whether it wants to be told who is in the room over all gateways.</param>
[GenerateSerializer, Immutable, Alias("quicchat.room.renewal")]
public sealed record RoomRenewal(
    [property: Id(0)] RoomTail? Seen,
    [property: Id(1)] RoomMembers? Members,
    [property: Id(2)] bool WantsPresence);
