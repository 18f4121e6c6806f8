namespace QuicChat.Abstractions.Gateways;

/// <summary>Another process of the same name, which started later, holds the lease.</summary>
[GenerateSerializer, Alias("quicchat.gateway.replaced")]
public sealed class GatewayReplacedException : Exception
{
    /// <summary>Says which, and what to do.</summary>
    /// <param name="message">One line.</param>
    public GatewayReplacedException(string message)
        : base(message)
    {
    }
}
