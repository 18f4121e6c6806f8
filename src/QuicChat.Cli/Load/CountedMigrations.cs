using System.Diagnostics;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Admin;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Load;

/// <summary>What the cluster of a load's own stack has counted.</summary>
internal static class CountedMigrations
{
    // The monitor sums up once a second, and a busy silo is late.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Asks for the statistics until no attempt is in flight and all that clients were told of are counted, or for as long as one has patience.
    /// </summary>
    /// <exception cref="Verbs.ToolException">The cluster does not answer.</exception>
    public static async Task<MigrationTotals> ReadAsync(RunningStack stack, long told, CancellationToken cancellationToken)
    {
        await using var cluster = await ClusterConnection.OpenAsync(stack, cancellationToken);
        for (var begin = Stopwatch.GetTimestamp(); ; await Task.Delay(Poll, cancellationToken))
        {
            var stats = await cluster.AskAsync(static grains => grains.Monitor().GetMigrationStats(), cancellationToken);
            if ((stats.Totals.InFlight == 0 && stats.Totals.Completed >= told) || Stopwatch.GetElapsedTime(begin) > Patience)
            {
                return stats.Totals;
            }
        }
    }
}
