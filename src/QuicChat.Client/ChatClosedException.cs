namespace QuicChat.Client;

/// <summary>The connection has ended. Of a publish without its receipt it is unknown whether the message was stored.</summary>
public sealed class ChatClosedException : ChatException
{
    internal ChatClosedException(ChatCloseReason reason)
        : base(reason.Message, reason.Code)
    {
        Reason = reason;
    }

    /// <summary>How the connection ended.</summary>
    public ChatCloseReason Reason { get; }

    /// <inheritdoc />
    public override bool IsReconnectable => Reason.IsReconnectable;
}
