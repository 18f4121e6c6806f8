using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QuicChat.Grains.Connections;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Takes the tallies of ended stints out of their connections' records, once a durable checkpoint contains them. Of connections that have
/// left without being closed it first reads what was really counted.
/// </summary>
internal sealed partial class TallySettler(
    MigrationCollector collector, IGrainFactory grains, ILocalSiloDetails silo, ILogger<TallySettler> logger)
{
    // Enough for thousands a second, and few enough to leave the store and other calls in peace.
    private const int AtOnce = 16;

    private string Incarnation => silo.SiloAddress.ToParsableString();

    /// <summary>Finds out what was counted in stints that connections have left.</summary>
    public Task ReadLeftAsync() => EachAsync(
        collector.TakeLeft(),
        async left =>
        {
            var tallies = await Grain(left).GetTallies(Incarnation);
            var written = tallies.FirstOrDefault(tally => tally.Stint == left.Tally.Stint);
            if (written is not null)
            {
                collector.Change(left.Tally.GatewayId, left.Tally.Sums, written.Sums);
                collector.End(left.ConnectionId, written);
            }
            else
            {
                // It was never written, so all there is to take back is the connection's place in the index.
                await Grain(left).Settle(Incarnation, []);
                collector.Change(left.Tally.GatewayId, left.Tally.Sums, GatewaySums.Zero);
            }
        },
        left => collector.Leave(left.ConnectionId, left.Tally));

    /// <summary>Settles the stints that the last durable checkpoint names.</summary>
    public Task SettleAsync(long durableSequence) => EachAsync(
        collector.GetSettled(durableSequence),
        async stint =>
        {
            await Grain(stint).Settle(Incarnation, [stint.Tally.Stint]);
            collector.Forget(stint);
        },
        _ => { });

    private IConnectionKeeper Grain(MigrationCollector.EndedStint stint) => grains.GetGrain<IConnectionKeeper>(stint.ConnectionId);

    private async Task EachAsync(
        ImmutableArray<MigrationCollector.EndedStint> stints,
        Func<MigrationCollector.EndedStint, Task> act,
        Action<MigrationCollector.EndedStint> onFailure)
    {
        var failed = 0;
        await Parallel.ForEachAsync(stints, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (stint, _) =>
        {
            try
            {
                await act(stint);
            }
            catch (Exception error)
            {
                // The next round tries again. One line a round is enough.
                onFailure(stint);
                if (Interlocked.Increment(ref failed) == 1)
                {
                    LogNotSettled(error, stint.ConnectionId, stints.Length);
                }
            }
        });
    }

    [LoggerMessage(1320, LogLevel.Warning, "{ConnectionId}, one of {Count}, could not be settled; it is tried again.")]
    private partial void LogNotSettled(Exception error, string connectionId, int count);
}
