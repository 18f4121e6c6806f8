using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// A message has been sent, and it cannot be known whether it is stored. Publishing it again may store it twice; reading the room's history tells.
/// <see cref="Cause"/> says exactly why it is not known.
/// </summary>
public sealed class PublishUnknownException : ChatException
{
    internal PublishUnknownException(PublishUnknownCause cause, string message, ErrorCode? code = null, Exception? innerException = null)
        : base(message, code, innerException)
    {
        Cause = cause;
    }

    /// <summary>Why it is not known.</summary>
    public PublishUnknownCause Cause { get; }

    /// <summary>Always <see langword="false"/>: the same message might be stored twice.</summary>
    public override bool IsReconnectable => false;
}
