using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace QuicChat.Gateway.Sessions;

/// <summary>Ending streams with codes of the protocol.</summary>
internal static class StreamContextExtensions
{
    /// <summary>Resets what this side sends and stops what the client sends (RFC 9000, sections 19.4 and 19.5).</summary>
    public static void Abort(this ConnectionContext stream, ErrorCode code, string reason)
    {
        var abort = stream.Features.GetRequiredFeature<IStreamAbortFeature>();
        var exception = new ConnectionAbortedException(reason);
        abort.AbortRead((long)code, exception);
        abort.AbortWrite((long)code, exception);
    }
}
