using System.Collections.Immutable;
using QuicChat.Grains.Migrations;

namespace QuicChat.Grains.Connections;

/// <summary>What silos ask of connections among themselves. All of it may be repeated.</summary>
[Alias("quicchat.connection-keeper")]
internal interface IConnectionKeeper : IGrainWithStringKey
{
    /// <summary>
    /// The gateway has lost a lease. If the connection is registered under it, an attempt in flight has failed, and otherwise the connection is
    /// just closed.
    /// </summary>
    [Alias("EndWithGateway")]
    Task EndWithGateway(string gatewayId, Guid leaseId);

    /// <summary>Fails an attempt that has been unresolved since before <paramref name="since"/>; one that has ended meanwhile, or begun since, is left alone.</summary>
    [Alias("FailUnresolved")]
    Task FailUnresolved(DateTimeOffset since, string reason);

    /// <summary>Forgets a connection that failed long enough ago.</summary>
    [Alias("ForgetFailed")]
    Task ForgetFailed();

    /// <summary>Forgets the number of a connection whose gateway was lost long enough ago, and its place in a silo's index.</summary>
    [Alias("ForgetLost")]
    Task ForgetLost(string incarnation);

    /// <summary>
    /// What one life of a silo has counted of the connection and no checkpoint contains yet. Where that silo is not the one that the
    /// connection is active on, it will not change any more.
    /// </summary>
    [Alias("GetTallies")]
    Task<ImmutableArray<ConnectionTally>> GetTallies(string incarnation);

    /// <summary>
    /// A durable checkpoint contains these stints: their tallies leave the record, and the connection leaves the silo's index where it has
    /// nothing more to do with it.
    /// </summary>
    [Alias("Settle")]
    Task Settle(string incarnation, ImmutableArray<Guid> stints);
}
