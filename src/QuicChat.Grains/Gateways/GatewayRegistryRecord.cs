using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Policies;

namespace QuicChat.Grains.Gateways;

/// <summary>What is stored of the registry: which gateways there are. When leases end is not, since after an outage each one begins anew.</summary>
[GenerateSerializer, Alias("quicchat.gateway.registry-record")]
internal sealed class GatewayRegistryRecord
{
    /// <summary>The gateways that hold a lease, by name.</summary>
    [Id(0)]
    public Dictionary<string, GatewayDescription> Gateways { get; set; } = [];

    /// <summary>The leases that were lost lately: of a name there may be several, where its processes die one after another.</summary>
    [Id(6)]
    public List<LostGateway> Lost { get; set; } = [];

    /// <summary>The IDs of the leases, by gateway.</summary>
    [Id(2)]
    public Dictionary<string, Guid> Leases { get; set; } = [];

    /// <summary>The server IDs of gateways that hold a lease or were lost lately, by name.</summary>
    [Id(7)]
    public Dictionary<string, uint> ServerIds { get; set; } = [];

    /// <summary>The server ID that was given last; it only rises, so that no gateway gets the datagrams of one that is gone.</summary>
    [Id(8)]
    public uint LastServerId { get; set; }

    /// <summary>How often a gateway has come or gone.</summary>
    [Id(9)]
    public long PoolVersion { get; set; }

    /// <summary>How long a migration attempt may stay unresolved, where an operator has said so.</summary>
    [Id(3)]
    public TimeSpan? MigrationTimeout { get; set; }

    /// <summary>Where clients may move, where an operator has said so.</summary>
    [Id(4)]
    public MigrationPolicy? Policy { get; set; }

    /// <summary>How often an operator has changed one of these two.</summary>
    [Id(5)]
    public long SettingsVersion { get; set; }
}
