namespace QuicChat.Grains.Gateways;

/// <summary>How gateways prove that they live.</summary>
public sealed class GatewayLeaseOptions
{
    /// <summary>
    /// How long a lease runs. At 10 s, renewed three times meanwhile, it outlasts the death of the silo that it was renewed through, and
    /// the users of a dead gateway are seen to be gone within 15 s.
    /// </summary>
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>For how long a gateway that was lost is named to silos that may not have heard of it. 10 min outlast any pause of a silo.</summary>
    public TimeSpan LossRemembered { get; set; } = TimeSpan.FromMinutes(10);
}
