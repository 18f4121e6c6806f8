using System.Net;

namespace QuicChat.Cli.Demo;

/// <summary>Plans the demo's path changes: as often for each client, in turn to a new port and to another loopback address.</summary>
internal static class RebindingPlan
{
    /// <summary>
    /// The least time between two changes of one client: a listener is silent for up to 1 s before its keep-alive shows the gateway
    /// the new path, and that must have been validated before the next change.
    /// </summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // Back and forth between two addresses and two families. Each client begins at the last one.
    private static readonly IPAddress[] ActiveAddresses = [new([127, 0, 0, 2]), IPAddress.IPv6Loopback, IPAddress.Loopback];

    /// <summary>The most changes a client that fit into <paramref name="duration"/>.</summary>
    public static int MostChanges(TimeSpan duration) => Math.Max(0, (int)((duration - Lead(duration)) / (Pause * 1.25)));

    /// <summary>Makes a plan; the same seed makes the same plan.</summary>
    /// <param name="clients">How many clients.</param>
    /// <param name="count">How many changes each client gets, at most <see cref="MostChanges"/>.</param>
    /// <param name="duration">The time of publishing; the last change comes at least <see cref="Pause"/> before its end.</param>
    /// <param name="seed">Where the times come from.</param>
    /// <param name="changes">How the clients come there: by their own will always to another address, of either family.</param>
    /// <returns>The changes in the order of their times.</returns>
    public static IReadOnlyList<Rebinding> Create(int clients, int count, TimeSpan duration, int seed, PathChanges changes = PathChanges.Rebinding)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostChanges(duration));
        var random = new Random(seed);
        var plan = new List<Rebinding>();
        for (var client = 0; client < clients; client++)
        {
            for (var number = 0; number < count; number++)
            {
                // Each change has a slot of its own and stays clear of its last part, so that changes of one client keep apart.
                var slot = (duration - Lead(duration)) / count;
                var at = Lead(duration) + (slot * number) + ((slot - Pause) * random.NextDouble());
                var toAddress = (client + number) % 2 == 1 ? Address(number) : null;
                plan.Add(new Rebinding(at, client, changes == PathChanges.Active ? ActiveAddresses[number % ActiveAddresses.Length] : toAddress));
            }
        }

        return [.. plan.OrderBy(change => change.At)];
    }

    // In their first seconds all processes compile the code that they run, and compete for the processors.
    private static TimeSpan Lead(TimeSpan duration) => duration / 5;

    // Never the same one twice in a row, and never 127.0.0.1, where each client begins.
    private static IPAddress Address(int number) => new([127, 0, 0, (byte)(2 + (number / 2 % 200))]);
}
