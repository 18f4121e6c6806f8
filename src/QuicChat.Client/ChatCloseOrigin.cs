namespace QuicChat.Client;

/// <summary>Who or what ended a connection.</summary>
public enum ChatCloseOrigin
{
    /// <summary>The application disposed the client.</summary>
    Application,

    /// <summary>This library: the gateway broke the protocol, or was not heard for so long that the path counts as dead.</summary>
    Client,

    /// <summary>The gateway.</summary>
    Gateway,

    /// <summary>The network: silence for longer than the idle time-out, or a peer that no longer knows the connection.</summary>
    Network,
}
