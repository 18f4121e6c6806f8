using System.Collections.Immutable;
using Orleans.Concurrency;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Grains.Gateways;

/// <summary>What silos ask of the registry among themselves.</summary>
[Alias("quicchat.gateway-leases")]
internal interface IGatewayLeases : IGrainWithStringKey
{
    /// <summary>Ends the leases that are due, and tells who lives.</summary>
    [Alias("GetLiveness")]
    Task<GatewayLiveness> GetLiveness();

    /// <summary>Asks a gateway about connections whose attempt should have ended by now.</summary>
    [Alias("CheckConnections")]
    [AlwaysInterleave]
    Task CheckConnections(string gatewayId, ImmutableArray<string> connectionIds);

    /// <summary>How long a migration attempt may stay unresolved.</summary>
    [Alias("GetMigrationTimeout")]
    [AlwaysInterleave]
    Task<TimeSpan> GetMigrationTimeout();

    /// <summary>Sets it; gateways are told with the next renewal of their lease.</summary>
    /// <returns>The new version of the settings.</returns>
    [Alias("SetMigrationTimeout")]
    Task<long> SetMigrationTimeout(TimeSpan timeout);

    /// <summary>Where clients may move.</summary>
    [Alias("GetPolicy")]
    [AlwaysInterleave]
    Task<MigrationPolicy> GetPolicy();

    /// <summary>Sets it; gateways are told with the next renewal of their lease.</summary>
    /// <returns>The new version of the settings.</returns>
    [Alias("SetPolicy")]
    Task<long> SetPolicy(MigrationPolicy policy);
}
