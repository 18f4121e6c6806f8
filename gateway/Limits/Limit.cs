namespace QuicChat.Gateway.Limits;

/// <summary>What is limited.</summary>
internal enum Limit
{
    /// <summary>Connections of the gateway.</summary>
    Connections,

    /// <summary>Connections of one user at the gateway.</summary>
    UserConnections,

    /// <summary>Handshakes a second.</summary>
    HandshakeRate,

    /// <summary>Messages a second from one connection.</summary>
    PublishRate,

    /// <summary>Joins a second of one connection.</summary>
    JoinRate,

    /// <summary>Pages of history a second of one connection.</summary>
    HistoryRate,

    /// <summary>Rooms of one connection.</summary>
    Rooms,
}
