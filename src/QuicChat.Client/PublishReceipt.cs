namespace QuicChat.Client;

/// <summary>A message is stored: all members of the room will see it, once.</summary>
/// <param name="Offset">
/// Its place in the room's log; <see cref="UnknownOffset"/> where the message is stored, but the connection ended before the receipt, and when the next one
/// was there the log reached so far beyond it that it no longer knew the place.
/// </param>
/// <param name="ClientSeq">The number that it was sent under, from 1 a user, <see cref="ChatClientOptions.ClientId"/> and room.</param>
public sealed record PublishReceipt(long Offset, long ClientSeq)
{
    /// <summary>Stands for a place that is no longer known; no message has it.</summary>
    public const long UnknownOffset = 0;
}
