using System.Net;
using QuicChat.Abstractions.Gateways;

namespace QuicChat.Gateway.Routing;

/// <summary>Judging other gateways.</summary>
internal static class GatewayDescriptionExtensions
{
    /// <summary>Whether clients can be sent to a gateway: it takes connections, and says where.</summary>
    public static bool IsAlternative(this GatewayDescription gateway)
        => !gateway.IsDraining && !(IPEndPoint.TryParse(gateway.EndPoint, out var endPoint) && IsWildcard(endPoint.Address));

    /// <summary>Whether an address stands for all addresses of a machine, and so names none.</summary>
    public static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
