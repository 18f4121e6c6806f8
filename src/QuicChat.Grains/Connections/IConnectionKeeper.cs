namespace QuicChat.Grains.Connections;

/// <summary>What silos ask of connections among themselves.</summary>
[Alias("quicchat.connection-keeper")]
internal interface IConnectionKeeper : IGrainWithStringKey
{
    /// <summary>
    /// The gateway is gone, and with it the connection, if it is still that gateway's and older than <paramref name="connectedBefore"/>:
    /// an attempt in flight has failed, otherwise the connection is just closed.
    /// </summary>
    [Alias("EndWithGateway")]
    Task EndWithGateway(string gatewayId, DateTimeOffset connectedBefore);
}
