using System.Net;
using QuicChat.Abstractions.Policies;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>A migration policy made ready to judge paths. It does not change, so that any thread may ask.</summary>
internal sealed class PathPolicy(MigrationPolicy policy)
{
    /// <summary>How far back <see cref="Deny"/> is told of migrations.</summary>
    public static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(1);

    private readonly IPNetwork[] _allowed = Parse(policy.AllowedNetworks);
    private readonly IPNetwork[] _denied = Parse(policy.DeniedNetworks);
    private readonly IPNetwork[] _preferred = Parse(policy.PreferredNetworks);

    /// <summary>Everything is allowed.</summary>
    public static PathPolicy Open { get; } = new(MigrationPolicy.Open);

    /// <summary>Why a client may not go from its last validated path to another; <see langword="null"/> where it may.</summary>
    /// <param name="from">The last validated path.</param>
    /// <param name="to">The other.</param>
    /// <param name="recentMigrations">How many migrations the connection began within <see cref="RateWindow"/>.</param>
    public string? Deny(NetworkPath from, NetworkPath to, int recentMigrations)
    {
        if (from.ChangeTo(to) is not { } kind)
        {
            return null;
        }

        if (policy.MaxMigrationsPerMinute is { } limit && recentMigrations >= limit)
        {
            return $"more than {limit} migrations within a minute";
        }

        if (kind == PathChangeKind.PortOnly)
        {
            return null;
        }

        var address = to.Remote.Address;
        return kind == PathChangeKind.Family && !policy.AllowFamilyChange ? "moving between IPv4 and IPv6 is not allowed"
            : Contain(_denied, address) ? $"{address} is in a denied network"
            : _allowed.Length > 0 && !Contain(_allowed, address) ? $"{address} is in no allowed network"
            : null;
    }

    /// <summary>Whether a client that goes from one path to another leaves the preferred networks.</summary>
    public bool LeavesPreferred(NetworkPath from, NetworkPath to)
        => Contain(_preferred, from.Remote.Address) && !Contain(_preferred, to.Remote.Address);

    private static bool Contain(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPNetwork[] Parse(IEnumerable<string> networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
