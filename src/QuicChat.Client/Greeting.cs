namespace QuicChat.Client;

/// <summary>How a client says Hello.</summary>
/// <param name="Token">The user's token.</param>
/// <param name="SessionToken">Of the session to resume, or empty.</param>
/// <param name="Preparing">Called before Hello is sent, so that no event of the client is missed.</param>
internal sealed record Greeting(string Token, ReadOnlyMemory<byte> SessionToken, Action<ChatClient>? Preparing);
