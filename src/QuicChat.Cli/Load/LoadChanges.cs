namespace QuicChat.Cli.Load;

/// <summary>The two ways in which paths change during a load. Which client comes when is decided by the seed.</summary>
internal static class LoadChanges
{
    private static readonly TimeSpan StormTime = TimeSpan.FromSeconds(1);

    /// <summary>All paths change within a second; nothing where no storm is asked for.</summary>
    /// <returns>Completes when each has changed.</returns>
    public static async Task StormAsync(LoadSettings settings, IEnumerable<ILoadClient> clients, CancellationToken cancellationToken)
    {
        var movers = Movers(settings, clients);
        if (settings.Storm is not { } at || movers.Length == 0)
        {
            return;
        }

        await Task.Delay(at, cancellationToken);
        var pace = new Pace(TimeProvider.System, TimeProvider.System.GetTimestamp(), movers.Length / StormTime.TotalSeconds);
        await RunAsync(pace, movers.Length, movers, cancellationToken);
    }

    /// <summary>Paths change at a constant rate, one client's after the other's; nothing where no rate is asked for.</summary>
    /// <returns>Completes when it is cancelled, or each has changed as often as it may.</returns>
    public static async Task SteadyAsync(LoadSettings settings, IEnumerable<ILoadClient> clients, CancellationToken cancellationToken)
    {
        var movers = Movers(settings, clients);
        if (settings.ChangeRate <= 0 || movers.Length == 0)
        {
            return;
        }

        var pace = new Pace(TimeProvider.System, TimeProvider.System.GetTimestamp(), settings.ChangeRate);
        var count = settings.ChangesEach > 0 ? (long)movers.Length * settings.ChangesEach : long.MaxValue;
        await RunAsync(pace, count, movers, cancellationToken);
    }

    private static async Task RunAsync(Pace pace, long count, ILoadClient[] movers, CancellationToken cancellationToken)
    {
        var moves = new List<Task>();
        for (var index = 0L; index < count; index++)
        {
            await pace.UntilAsync(index, cancellationToken);
            var mover = movers[index % movers.Length];
            moves.Add(Task.Run(mover.MoveAsync, cancellationToken));
            if (moves.Count > movers.Length)
            {
                await Task.WhenAll(moves.Where(move => move.IsFaulted));
                moves.RemoveAll(move => move.IsCompletedSuccessfully);
            }
        }

        await Task.WhenAll(moves).WaitAsync(cancellationToken);
    }

    private static ILoadClient[] Movers(LoadSettings settings, IEnumerable<ILoadClient> clients)
    {
        var movers = clients.Where(client => settings.Moves(client.Index)).ToArray();
        new Random(settings.Seed).Shuffle(movers);
        return movers;
    }
}
