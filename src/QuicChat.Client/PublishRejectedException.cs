using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>The gateway refused one message. It is not stored and never will be; the room goes on.</summary>
public sealed class PublishRejectedException : ChatException
{
    internal PublishRejectedException(string message, ErrorCode code, TimeSpan retryAfter)
        : base(message, code)
    {
        RetryAfter = retryAfter;
    }

    /// <summary>
    /// How long the gateway asks to wait before the next message; zero for no wait. Messages published meanwhile are held back that long.
    /// </summary>
    public TimeSpan RetryAfter { get; }
}
