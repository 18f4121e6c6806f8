namespace QuicChat.Abstractions;

/// <summary>Names that silos, gateways and admin clients must agree on.</summary>
public static class ClusterDefaults
{
    /// <summary>The Orleans cluster ID.</summary>
    public const string ClusterId = "quicchat";

    /// <summary>The Orleans service ID: names the data in the store.</summary>
    public const string ServiceId = "quicchat";
}
