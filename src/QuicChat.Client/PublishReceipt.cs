namespace QuicChat.Client;

/// <summary>A message is stored: all members of the room will see it, once.</summary>
/// <param name="Offset">Its place in the room's log.</param>
/// <param name="ClientSeq">The number that it was sent under, from 1 a user, <see cref="ChatClientOptions.ClientId"/> and room.</param>
public sealed record PublishReceipt(long Offset, long ClientSeq);
