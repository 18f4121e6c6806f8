using System.Diagnostics;
using QuicChat.Cli.Verbs;
using QuicChat.Client;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>Measures how long clients need after something was broken.</summary>
/// <param name="clients">The clients.</param>
/// <param name="seed">Is named where something does not recover.</param>
/// <param name="progress">Is told what was measured.</param>
internal sealed class RecoveryWatch(IReadOnlyList<ChaosClient> clients, int seed, Action<string> progress)
{
    // What a view showed for a moment by chance does not count; gateways ask their rooms every 2 s.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(2500);

    /// <summary>Waits until every client is connected and has a message acknowledged that it published from now on.</summary>
    /// <exception cref="ToolException">One never has.</exception>
    public async Task<ChaosReport.Recovery> RecoveredAsync(string after, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        await BackAsync(clients, Environment.TickCount64, watch, after, cancellationToken);
        return Tell(new ChaosReport.Recovery(after, Seconds(watch)));
    }

    /// <summary>Waits until every client goes on after a gateway's death, and each sees exactly those in its room who are there.</summary>
    /// <param name="after">What died.</param>
    /// <param name="moved">The clients that were on it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ToolException">That never comes.</exception>
    public async Task<ChaosReport.Recovery> RecoveredFromGatewayAsync(
        string after, IReadOnlyList<ChaosClient> moved, CancellationToken cancellationToken)
    {
        var since = Environment.TickCount64;
        var watch = Stopwatch.StartNew();
        var (presence, (back, all)) = await Together.RunAsync(
            token => PresenceAsync([], watch, after, token),
            async token =>
            {
                await BackAsync(moved, since, watch, after, token);
                var back = Seconds(watch);
                await BackAsync(clients, since, watch, after, token);
                return (back, Seconds(watch));
            },
            cancellationToken);
        return Tell(new ChaosReport.Recovery(after, all, BackSeconds: back, PresenceSeconds: presence));
    }

    /// <summary>Waits until each client sees all clients of its room, its guest, and nobody else.</summary>
    /// <param name="guests">Who else is there.</param>
    /// <param name="watch">Runs since it could be so.</param>
    /// <param name="after">What happened then.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Since when it is so, in seconds.</returns>
    /// <exception cref="ToolException">It never is.</exception>
    public async Task<double> PresenceAsync(
        IReadOnlyList<ChaosGuest> guests, Stopwatch watch, string after, CancellationToken cancellationToken)
    {
        TimeSpan? right = null;
        while (right is null || watch.Elapsed - right < Settling)
        {
            var wrong = WrongViews(guests);
            right = wrong.Count > 0 ? null : right ?? watch.Elapsed;
            if (wrong.Count > 0 && watch.Elapsed > ChaosSettings.Patience)
            {
                throw new ToolException(
                    $"presence is wrong {ChaosSettings.Patience.TotalSeconds:0} s after {after}: {wrong[0]}; seed {seed}.");
            }

            await Task.Delay(ChaosSettings.Poll, cancellationToken);
        }

        return Math.Round(right.Value.TotalSeconds, 1);
    }

    /// <summary>Clients that do not see exactly those in their room who are there, in words.</summary>
    /// <param name="guests">Who is there beside the clients.</param>
    public IReadOnlyList<string> WrongViews(IReadOnlyList<ChaosGuest> guests)
    {
        var there = clients.Select(client => (Room: client.Room.Name, client.Name))
            .Concat(guests.Select(guest => (guest.Room, guest.Name)))
            .ToLookup(user => user.Room, user => user.Name);
        var wrong = new List<string>();
        foreach (var client in clients)
        {
            var seen = client.Room.Members.Select(member => member.UserId).ToHashSet();
            var missing = there[client.Room.Name].Except(seen).ToList();
            var ghosts = seen.Except(there[client.Room.Name]).ToList();
            if (client.State is not SessionState.Connected)
            {
                wrong.Add($"{client.Name} is not connected");
            }
            else if (missing.Count > 0 || ghosts.Count > 0)
            {
                wrong.Add($"{client.Name} misses [{string.Join(", ", missing)}] and sees [{string.Join(", ", ghosts)}], who are not there");
            }
        }

        return wrong;
    }

    private static double Seconds(Stopwatch watch) => Math.Round(watch.Elapsed.TotalSeconds, 1);

    private async Task BackAsync(
        IReadOnlyList<ChaosClient> some, long since, Stopwatch watch, string after, CancellationToken cancellationToken)
    {
        while (some.FirstOrDefault(client => client.State is not SessionState.Connected || client.LastAcknowledged <= since) is { } late)
        {
            if (watch.Elapsed > ChaosSettings.Patience)
            {
                throw new ToolException(
                    $"{late.Name} does not go on {ChaosSettings.Patience.TotalSeconds:0} s after {after}: {late.State}, "
                    + $"{late.Unanswered} messages without an answer; seed {seed}.");
            }

            await Task.Delay(ChaosSettings.Poll, cancellationToken);
        }
    }

    private ChaosReport.Recovery Tell(ChaosReport.Recovery recovery)
    {
        progress($"{recovery.What}: {recovery.Describe()}");
        return recovery;
    }
}
