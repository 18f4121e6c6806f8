namespace QuicChat.Client;

/// <summary>A message of a room.</summary>
/// <param name="Offset">Its place in the room's log: one more than that of the message before.</param>
/// <param name="SenderId">The user who sent it, as the gateway authenticated them.</param>
/// <param name="SenderName">The sender's name at the time.</param>
/// <param name="SentAt">When it was stored, by the server's clock.</param>
/// <param name="Body">The text. It may hold any characters; who shows it on a terminal must escape control characters.</param>
/// <param name="ClientId">The installation of the application that sent it.</param>
/// <param name="ClientSeq">The sender's number for it, from 1 a user, installation and room.</param>
public sealed record ChatMessage(
    long Offset,
    string SenderId,
    string SenderName,
    DateTimeOffset SentAt,
    string Body,
    string ClientId,
    long ClientSeq) : RoomEvent;
