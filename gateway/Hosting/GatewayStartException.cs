namespace QuicChat.Gateway.Hosting;

/// <summary>The gateway cannot start; the message is one line that says why and what to do.</summary>
internal sealed class GatewayStartException(string message, Exception? innerException = null) : Exception(message, innerException);
