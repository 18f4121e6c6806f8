using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>How a session stands.</summary>
public abstract record SessionState
{
    private SessionState()
    {
    }

    /// <summary>It has not been connected yet.</summary>
    public sealed record Connecting : SessionState;

    /// <summary>It has a connection, and rooms are joined or being joined on it.</summary>
    /// <param name="GatewayId">The gateway.</param>
    /// <param name="ConnectionId">The connection's ID, the same in the gateway's log.</param>
    public sealed record Connected(string GatewayId, ConnectionId ConnectionId) : SessionState;

    /// <summary>It has lost its connection and will be connected again.</summary>
    /// <param name="Attempt">The try that comes next, from 1.</param>
    /// <param name="Reason">How the connection ended; from the second try on, why the try before failed. One line.</param>
    /// <param name="NextTryAt">When it is made, by <see cref="ChatClientOptions.TimeProvider"/>; once that is past, it is under way.</param>
    public sealed record Reconnecting(int Attempt, string Reason, DateTimeOffset NextTryAt) : SessionState;

    /// <summary>It is over.</summary>
    /// <param name="Reason">How it ended.</param>
    public sealed record Closed(ChatCloseReason Reason) : SessionState;
}
