namespace QuicChat.Quic.Simulation;

/// <summary>The directions of a simulated path.</summary>
[Flags]
public enum LinkDirections
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>From the client to the server.</summary>
    ToServer = 1,

    /// <summary>From the server to the client.</summary>
    ToClient = 2,

    /// <summary>Both.</summary>
    Both = ToServer | ToClient,
}
