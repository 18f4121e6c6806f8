namespace QuicChat.Abstractions.Rooms;

/// <summary>Where a client of a user stands in a room that it takes its numbers over in.</summary>
/// <param name="LastClientSeq">The newest <c>clientSeq</c> stored from it; 0 for none, or where the room has forgotten the client.</param>
/// <param name="Term">
/// What its messages from now on are sent under. The room refuses a message under a lower one than that of the client's newest message, and counts on
/// from what it has stored, so this holds whatever the clocks say.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.room.client-standing")]
public sealed record ClientStanding(
    [property: Id(0)] long LastClientSeq,
    [property: Id(1)] long Term);
