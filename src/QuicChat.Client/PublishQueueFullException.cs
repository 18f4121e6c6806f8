namespace QuicChat.Client;

/// <summary>
/// As many messages of a room as <see cref="ChatSessionOptions.MaxPendingPublishes"/> allows have no answer yet, for example because there is no
/// connection. This one was not taken and will not be stored; publish it again when some of the others have been answered.
/// </summary>
public sealed class PublishQueueFullException : ChatException
{
    internal PublishQueueFullException(string room, int limit)
        : base($"Room '{room}' has {limit} messages without an answer, as many as are kept. Wait for some of their receipts, then publish again.", null)
    {
    }
}
