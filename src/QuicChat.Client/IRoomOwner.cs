using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>What a room's stream serves: a <see cref="ChatRoom"/>, which ends with it, or a <see cref="SessionRoom"/>, which goes on with the next one.</summary>
internal interface IRoomOwner
{
    /// <summary>Where the room's messages come from.</summary>
    RoomPublisher Publisher { get; }

    /// <summary>The room is joined. Called before anything else arrives, and nothing does until it has completed.</summary>
    /// <param name="stream">The stream; it knows where it was joined.</param>
    /// <param name="lastClientSeq">The newest number stored from this user and client ID.</param>
    /// <param name="cancellationToken">The stream has ended.</param>
    ValueTask OnJoinedAsync(RoomStream stream, long lastClientSeq, CancellationToken cancellationToken);

    /// <summary>The next message; nothing else arrives until it has been taken.</summary>
    ValueTask OnMessageAsync(ChatMessage message, CancellationToken cancellationToken);

    /// <summary>Who is in the room.</summary>
    void OnPresence(Presence presence);

    /// <summary>The stream has ended; nothing more comes of it.</summary>
    /// <param name="end">Why.</param>
    /// <param name="isWanted">Whether the application wanted it: it left the room, or disposed the client.</param>
    void OnEnd(Exception end, bool isWanted);
}
