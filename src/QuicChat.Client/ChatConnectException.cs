using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>No connection could be made: no gateway answered, it is not the trusted one, or it refused the client.</summary>
public sealed class ChatConnectException : ChatException
{
    internal ChatConnectException(string message, Exception? innerException = null, ErrorCode? code = null)
        : base(message, code, innerException)
    {
    }

    /// <summary>Whether a server answered that does not have the certificate that <see cref="ChatClientOptions.Trust"/> asks for.</summary>
    public bool IsUntrusted { get; internal init; }
}
