namespace QuicChat.Abstractions.Gateways;

/// <summary>A gateway asks for a server ID that another one has.</summary>
[GenerateSerializer, Alias("quicchat.gateway.server-id-taken")]
public sealed class ServerIdTakenException : Exception
{
    /// <summary>Says which, and what to do.</summary>
    /// <param name="message">One line.</param>
    public ServerIdTakenException(string message)
        : base(message)
    {
    }
}
