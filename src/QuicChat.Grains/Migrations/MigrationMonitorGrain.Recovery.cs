using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QuicChat.Grains.Connections;

namespace QuicChat.Grains.Migrations;

// What a dead silo can no longer say is read from its connections' records, some at a time. It goes by the same rule as the collectors of
// living silos: a checkpoint that names the stints is durable before their tallies leave the records, so a crash at any point repeats
// reading and never counting.
internal sealed partial class MigrationMonitorGrain
{
    // As many as a living silo names at once.
    private const int ReadAtOnce = 500;
    private const int CallsAtOnce = 16;

    // A silo that membership does not know, and that is silent, is from before the memory of the membership table.
    private static readonly TimeSpan UnknownFor = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, DateTimeOffset> _unknownSince = [];

    // By life of a silo, what was said last about why it could not be read to its end.
    private readonly Dictionary<string, int> _unread = [];

    private async Task RecoverDeadAsync()
    {
        if (!_recovering.IsCompleted)
        {
            return;
        }

        var dead = Present.Keys.Union(await index.GetIncarnationsAsync()).Where(IsGone).ToList();
        if (dead.Count > 0)
        {
            // Apart from the tick, for it takes as long as there are connections.
            _recovering = RecoverAsync(dead);
        }
    }

    private bool IsGone(string incarnation)
    {
        if (IsDead(incarnation))
        {
            return true;
        }

        var address = SiloAddress.FromParsableString(incarnation);
        if (_silos.ContainsKey(incarnation) || membership.GetApproximateSiloStatus(address) != SiloStatus.None)
        {
            _unknownSince.Remove(incarnation);
            return false;
        }

        var now = time.GetUtcNow();
        return now - (_unknownSince.TryGetValue(incarnation, out var since) ? since : _unknownSince[incarnation] = now) >= UnknownFor;
    }

    private async Task RecoverAsync(List<string> dead)
    {
        foreach (var incarnation in dead)
        {
            try
            {
                await RecoverAsync(incarnation);
            }
            catch (Exception error)
            {
                // The next tick goes on with it.
                SayUnread(error, incarnation, 0);
            }
        }
    }

    private async Task RecoverAsync(string incarnation)
    {
        var read = 0;
        _silos.Remove(incarnation);

        // Those that the silo itself, or a recovery that did not come to its end, has named are in the sums already.
        var named = Present.TryGetValue(incarnation, out var checkpoint) ? checkpoint.Named.ToHashSet() : [];
        var failed = new Dictionary<string, Exception>();
        while (await index.ReadAsync(incarnation, ReadAtOnce) is { IsEmpty: false } indexed)
        {
            // What cannot be read keeps its place in the index, and must not keep the others.
            ImmutableArray<string> connections = [.. indexed.Where(connectionId => !failed.ContainsKey(connectionId))];
            if (connections.IsEmpty)
            {
                SayUnread(failed.Values.First(), incarnation, failed.Count);
                return;
            }

            var answers = await EachAsync(connections, connection => connection.GetTallies(incarnation), failed);
            var tallies = answers.SelectMany(answer => answer.Result).ToList();
            var sums = Present.GetValueOrDefault(incarnation) ?? Unheard(incarnation);
            var retired = tallies.Where(tally => named.Add(tally.Stint))
                .Aggregate(sums.Retired, (retired, tally) => retired.Plus(tally.GatewayId, tally.Sums));
            Present[incarnation] = sums with { Retired = retired, Named = [.. named] };
            _areSumsNew = true;
            await WriteAsync();

            var settled = await EachAsync(
                [.. answers.Select(answer => answer.ConnectionId)],
                async connection =>
                {
                    await connection.Settle(incarnation, [.. tallies.Select(tally => tally.Stint)]);
                    return true;
                },
                failed);
            var done = settled.Select(one => one.ConnectionId).ToHashSet();
            named.ExceptWith(answers.Where(answer => done.Contains(answer.ConnectionId)).SelectMany(answer => answer.Result).Select(tally => tally.Stint));
            read += done.Count;
        }

        if (Present.Remove(incarnation, out var last))
        {
            Past[last.Silo] = Past.TryGetValue(last.Silo, out var past) ? past.Plus(last.Retired) : last.Retired;
            sums.State.FoldPast(Present.Values.Select(silo => silo.Silo).Append(last.Silo).ToHashSet());
            _areSumsNew = true;
            await WriteAsync();
        }

        await index.ForgetAsync(incarnation);
        _durable.Remove(incarnation);
        _unknownSince.Remove(incarnation);
        _unread.Remove(incarnation);
        LogRecovered(last?.Silo ?? incarnation, read);
    }

    private async Task<List<(string ConnectionId, T Result)>> EachAsync<T>(
        ImmutableArray<string> connectionIds, Func<IConnectionKeeper, Task<T>> call, Dictionary<string, Exception> failed)
    {
        var results = new List<(string, T)>(connectionIds.Length);
        foreach (var group in connectionIds.Chunk(CallsAtOnce))
        {
            await Task.WhenAll(group.Select(async connectionId =>
            {
                try
                {
                    results.Add((connectionId, await call(GrainFactory.GetGrain<IConnectionKeeper>(connectionId))));
                }
                catch (Exception error)
                {
                    failed[connectionId] = error;
                }
            }));
        }

        return results;
    }

    // Each tick tries again; only what has changed is worth a line.
    private void SayUnread(Exception error, string incarnation, int connections)
    {
        if (!_unread.TryGetValue(incarnation, out var said) || said != connections)
        {
            _unread[incarnation] = connections;
            LogNotRecovered(error, incarnation, connections);
        }
    }

    // Killed before its first report.
    private SiloSums Unheard(string incarnation)
        => new(NameOf(SiloAddress.FromParsableString(incarnation)), 0, 0, SumsByGateway.Zero, SumsByGateway.Zero, []);

    [LoggerMessage(1313, LogLevel.Information, "{Silo} is dead; the records of {Count} connections were read again, and its sums are exact.")]
    private partial void LogRecovered(string silo, int count);

    [LoggerMessage(1314, LogLevel.Warning, "The connections of {Incarnation}, which is dead, could not all be read again, {Count} of them for reasons of their own; it goes on trying.")]
    private partial void LogNotRecovered(Exception error, string incarnation, int count);
}
