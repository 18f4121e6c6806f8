namespace QuicChat.Client;

/// <summary>What happens in a room of a session, in its order: a <see cref="ChatMessage"/>, or a <see cref="RoomGap"/> where messages are missing.</summary>
public abstract record RoomEvent
{
    private protected RoomEvent()
    {
    }
}
