namespace QuicChat.Grains.Gateways;

/// <summary>What silos ask of the registry among themselves.</summary>
[Alias("quicchat.gateway-leases")]
internal interface IGatewayLeases : IGrainWithStringKey
{
    /// <summary>Ends the leases that are due, and tells who lives.</summary>
    [Alias("GetLiveness")]
    Task<GatewayLiveness> GetLiveness();
}
