using QuicChat.Abstractions.Gateways;

namespace QuicChat.Grains.Gateways;

/// <summary>What is stored of the registry: which gateways there are. Leases are not, since after an outage each one begins anew.</summary>
[GenerateSerializer, Alias("quicchat.gateway.registry-record")]
internal sealed class GatewayRegistryRecord
{
    /// <summary>The gateways that hold a lease, by name.</summary>
    [Id(0)]
    public Dictionary<string, GatewayDescription> Gateways { get; set; } = [];

    /// <summary>Those that were lost lately, by name.</summary>
    [Id(1)]
    public Dictionary<string, LostGateway> Lost { get; set; } = [];
}
