using System.Collections.Concurrent;

namespace QuicChat.Cli.Load;

/// <summary>The path changes of a load. Which client comes when is decided by the seed.</summary>
/// <param name="settings">How many, and whose.</param>
/// <param name="clients">All clients.</param>
internal sealed class LoadChanges(LoadSettings settings, IEnumerable<ILoadClient> clients)
{
    private static readonly TimeSpan StormTime = TimeSpan.FromSeconds(1);

    private readonly ILoadClient[] _movers = Shuffle(settings, clients);
    private readonly ConcurrentDictionary<Task, bool> _underWay = [];

    /// <summary>The changes that have begun and not ended; those that failed stay among them.</summary>
    public Task UnderWay => Task.WhenAll(_underWay.Keys);

    /// <summary>All paths change within a second; nothing where no storm is asked for.</summary>
    /// <returns>Completes when each has changed; fails where one could not be made.</returns>
    public async Task StormAsync(CancellationToken cancellationToken)
    {
        if (settings.Storm is not { } at || _movers.Length == 0)
        {
            return;
        }

        await Task.Delay(at, cancellationToken);
        await RunAsync(_movers.Length / StormTime.TotalSeconds, _movers.Length, cancellationToken);
    }

    /// <summary>Paths change at a constant rate, one client's after the other's; nothing where no rate is asked for.</summary>
    /// <returns>Completes when each has changed as often as it may; fails where one could not.</returns>
    public async Task SteadyAsync(CancellationToken cancellationToken)
    {
        if (settings.ChangeRate <= 0 || _movers.Length == 0)
        {
            return;
        }

        var count = settings.ChangesEach > 0 ? (long)_movers.Length * settings.ChangesEach : long.MaxValue;
        await RunAsync(settings.ChangeRate, count, cancellationToken);
    }

    private async Task RunAsync(double perSecond, long count, CancellationToken cancellationToken)
    {
        var pace = new Pace(TimeProvider.System, TimeProvider.System.GetTimestamp(), perSecond);
        for (var index = 0L; index < count; index++)
        {
            await pace.UntilAsync(index, cancellationToken);
            Begin(_movers[index % _movers.Length]);

            // One that cannot be made ends the run.
            await Task.WhenAll(_underWay.Keys.Where(move => move.IsFaulted));
        }

        await UnderWay.WaitAsync(cancellationToken);
    }

    private void Begin(ILoadClient mover)
    {
        var move = Task.Run(mover.MoveAsync, CancellationToken.None);
        _underWay.TryAdd(move, true);
        move.ContinueWith(
            (ended, underWay) => ((ConcurrentDictionary<Task, bool>)underWay!).TryRemove(ended, out _),
            _underWay,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private static ILoadClient[] Shuffle(LoadSettings settings, IEnumerable<ILoadClient> clients)
    {
        var movers = clients.Where(client => settings.Moves(client.Index)).ToArray();
        new Random(settings.Seed).Shuffle(movers);
        return movers;
    }
}
