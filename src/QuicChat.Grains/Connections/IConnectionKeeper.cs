namespace QuicChat.Grains.Connections;

/// <summary>What silos ask of connections among themselves.</summary>
[Alias("quicchat.connection-keeper")]
internal interface IConnectionKeeper : IGrainWithStringKey
{
    /// <summary>
    /// The gateway was lost at <paramref name="lostAt"/>, by the silos' clock. If it had registered the connection before, an attempt in flight
    /// has failed, and otherwise the connection is just closed.
    /// </summary>
    [Alias("EndWithGateway")]
    Task EndWithGateway(string gatewayId, DateTimeOffset lostAt);

    /// <summary>Fails an attempt that has been unresolved since before <paramref name="since"/>; one that has ended meanwhile, or begun since, is left alone.</summary>
    [Alias("FailUnresolved")]
    Task FailUnresolved(DateTimeOffset since, string reason);
}
