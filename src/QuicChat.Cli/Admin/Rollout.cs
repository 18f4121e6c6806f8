using System.Collections.Immutable;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary>Waits until a changed setting has reached the gateways.</summary>
internal static class Rollout
{
    // Gateways renew their leases each second. One that has died leaves the list with its lease, after 10 s.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until every gateway that holds a lease goes by a version of the settings.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="what">What was set, as an error names it.</param>
    /// <param name="version">The version of the settings.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The gateways.</returns>
    /// <exception cref="ToolException">A gateway has not taken it up in time.</exception>
    public static async Task<ImmutableArray<string>> AwaitAsync(
        ClusterConnection cluster, string what, long version, CancellationToken cancellationToken)
    {
        for (var began = Environment.TickCount64; ; await Task.Delay(Interval, cancellationToken))
        {
            var gateways = await cluster.AskAsync(grains => grains.Gateways().GetGateways(), cancellationToken);
            var behind = gateways.Where(gateway => gateway.SettingsVersion < version).Select(gateway => gateway.GatewayId).ToList();
            if (behind.Count == 0)
            {
                return [.. gateways.Select(gateway => gateway.GatewayId)];
            }

            if (Environment.TickCount64 - began > Patience.TotalMilliseconds)
            {
                throw new ToolException(
                    $"the {what} is set and kept, but after {Patience.TotalSeconds:0} s gateway {string.Join(", ", behind)} does not go by it; see that gateway's log.");
            }
        }
    }

    /// <summary>Where a setting is in force, in words.</summary>
    public static string Describe(ImmutableArray<string> gateways)
        => gateways.IsEmpty ? "no gateway runs yet" : $"in force at {string.Join(", ", gateways)}";
}
