using System.Collections.Immutable;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>The JSON object of <c>demo --chaos</c>.</summary>
/// <param name="Clients">How many clients there were.</param>
/// <param name="Rooms">How many rooms.</param>
/// <param name="Store">Which store.</param>
/// <param name="Faults">What was broken, and how long it took until all clients went on.</param>
/// <param name="Published">Messages sent.</param>
/// <param name="Expected">Acknowledged messages times those that must have each: the members of the room, and its log.</param>
/// <param name="Delivered">Of these, those that were there.</param>
/// <param name="Lost">Of these, those that were not.</param>
/// <param name="Duplicated">Arrivals of a message where it was already.</param>
/// <param name="Reordered">Arrivals behind a message with a higher offset.</param>
/// <param name="Unacknowledged">Messages sent and never acknowledged.</param>
/// <param name="Foreign">Arrivals of messages that nobody sent to that room.</param>
/// <param name="Gaps">Places where a room went on without some messages.</param>
/// <param name="Reconnects">Connections that were lost and replaced.</param>
/// <param name="Seed">Repeats the run's decisions.</param>
internal sealed record ChaosReport(
    int Clients,
    int Rooms,
    string Store,
    ImmutableArray<ChaosReport.Recovery> Faults,
    long Published,
    long Expected,
    long Delivered,
    long Lost,
    long Duplicated,
    long Reordered,
    long Unacknowledged,
    long Foreign,
    long Gaps,
    long Reconnects,
    int Seed)
{
    /// <summary>What did not hold, in words; none where all did.</summary>
    public IReadOnlyList<string> Violations()
    {
        (bool IsViolation, string Words)[] checks =
        [
            (Published == 0, "nothing was published"),
            (Lost > 0, $"{Lost} lost"),
            (Duplicated > 0, $"{Duplicated} duplicated"),
            (Reordered > 0, $"{Reordered} reordered"),
            (Unacknowledged > 0, $"{Unacknowledged} not acknowledged"),
            (Foreign > 0, $"{Foreign} in a room that they were not sent to"),
            (Gaps > 0, $"{Gaps} gaps told to clients"),
        ];
        return [.. checks.Where(check => check.IsViolation).Select(check => check.Words)];
    }

    /// <summary>Something was broken.</summary>
    /// <param name="What">What.</param>
    /// <param name="Seconds">Until every client was connected and had a message acknowledged that it published after.</param>
    internal sealed record Recovery(string What, double Seconds);
}
