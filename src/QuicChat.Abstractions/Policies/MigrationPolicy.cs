using System.Collections.Immutable;
using System.Net;

namespace QuicChat.Abstractions.Policies;

/// <summary>
/// Where clients may move. Gateways judge each new path by it, without a call; a path that it denies is not used, and the connection stays on its last
/// validated one. A change of port alone, as NATs make it, is only ever limited in rate.
/// </summary>
/// <param name="AllowedNetworks">Networks that clients may move to, such as <c>10.0.0.0/8</c>; empty for all.</param>
/// <param name="DeniedNetworks">Networks that they may not move to, also where those are allowed.</param>
/// <param name="PreferredNetworks">Networks that they should stay in: a client that leaves them is told so.</param>
/// <param name="AllowFamilyChange">Whether they may move between IPv4 and IPv6.</param>
/// <param name="MaxMigrationsPerMinute">How many migrations a connection may begin within a minute; <see langword="null"/> for any number.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration-policy")]
public sealed record MigrationPolicy(
    [property: Id(0)] ImmutableArray<string> AllowedNetworks,
    [property: Id(1)] ImmutableArray<string> DeniedNetworks,
    [property: Id(2)] ImmutableArray<string> PreferredNetworks,
    [property: Id(3)] bool AllowFamilyChange,
    [property: Id(4)] int? MaxMigrationsPerMinute)
{
    /// <summary>The largest <see cref="MaxMigrationsPerMinute"/>: a migration each 60 ms.</summary>
    public const int MostPerMinute = 1_000;

    /// <summary>The most networks in one of the lists: gateways hold each new path against all of them.</summary>
    public const int MostNetworks = 1_000;

    /// <summary>Everything is allowed.</summary>
    public static MigrationPolicy Open { get; } = new([], [], [], true, null);

    /// <summary>Why this is no policy; <see langword="null"/> where it is one.</summary>
    public string? Validate()
    {
        foreach (var (name, networks) in ((string, ImmutableArray<string>)[])
            [("allowedNetworks", AllowedNetworks), ("deniedNetworks", DeniedNetworks), ("preferredNetworks", PreferredNetworks)])
        {
            if (networks.IsDefault)
            {
                return $"{name}: the list is missing; an empty one is written []";
            }

            if (networks.Length > MostNetworks)
            {
                return $"{name}: {networks.Length} networks; {MostNetworks} are allowed";
            }

            foreach (var network in networks)
            {
                if (!IsNetwork(network))
                {
                    return $"{name}: {DescribeBadNetwork(network)}";
                }
            }
        }

        return MaxMigrationsPerMinute is < 1 or > MostPerMinute
            ? $"maxMigrationsPerMinute: {MaxMigrationsPerMinute} is not from 1 to {MostPerMinute}"
            : null;
    }

    // Clients' addresses are never IPv4-mapped here; a network of such would match none.
    internal static bool IsNetwork(string text) => IPNetwork.TryParse(text, out var network) && !network.BaseAddress.IsIPv4MappedToIPv6;

    internal static string DescribeBadNetwork(string network)
        => $"'{network}' is not a network such as 10.0.0.0/8 or 2001:db8::/32";

    /// <summary>Whether both say the same.</summary>
    public bool Equals(MigrationPolicy? other)
        => other is not null
        && AllowedNetworks.SequenceEqual(other.AllowedNetworks)
        && DeniedNetworks.SequenceEqual(other.DeniedNetworks)
        && PreferredNetworks.SequenceEqual(other.PreferredNetworks)
        && AllowFamilyChange == other.AllowFamilyChange
        && MaxMigrationsPerMinute == other.MaxMigrationsPerMinute;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(AllowedNetworks.Length, DeniedNetworks.Length, AllowFamilyChange, MaxMigrationsPerMinute);
}
