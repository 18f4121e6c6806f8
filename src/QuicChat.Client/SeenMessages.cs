using QuicChat.Protocol;

namespace QuicChat.Client;

/// <summary>
/// The last messages that arrived, to know again those that a room repeats after it could not be recovered. By their offsets alone they cannot be known: where
/// the store has lost messages, others bear theirs.
/// </summary>
internal sealed class SeenMessages
{
    // As many as a Join can ask for; 16 KiB a room.
    private const int Kept = ProtocolLimits.MaxNewestMessages;

    private readonly (long Offset, int Hash)[] _messages = new (long, int)[Kept];

    /// <summary>Whether this very message has arrived before.</summary>
    public bool IsRepeat(ChatMessage message) => _messages[message.Offset % Kept] == Identity(message);

    /// <summary>A message has arrived.</summary>
    public void Add(ChatMessage message) => _messages[message.Offset % Kept] = Identity(message);

    private static (long Offset, int Hash) Identity(ChatMessage message)
        => (message.Offset, HashCode.Combine(message.SenderId, message.ClientId, message.ClientSeq, message.SentAt));
}
