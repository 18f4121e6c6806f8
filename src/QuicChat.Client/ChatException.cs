using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>Something that the network or the gateway did, and that the application can act on. The message is one line.</summary>
/// <param name="message">What happened and what to do.</param>
/// <param name="code">The protocol's error code, if it came with one.</param>
/// <param name="innerException">What led to it.</param>
public abstract class ChatException(string message, ErrorCode? code, Exception? innerException = null) : IOException(message, innerException)
{
    /// <summary>The protocol's error code, if there is one.</summary>
    public ErrorCode? Code { get; } = code;

    /// <summary>Whether the same may be tried again.</summary>
    public virtual bool IsReconnectable => Code?.IsReconnectable() ?? true;
}
