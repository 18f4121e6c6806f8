using System.Collections.Immutable;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Report;

namespace QuicChat.Cli.Load;

/// <summary>The JSON object of <c>load</c>. Times are in milliseconds, unless their names say otherwise.</summary>
internal sealed record LoadResult
{
    /// <summary>The command line that led to it; <see langword="null"/> where it is no command of its own.</summary>
    public string? Command { get; init; }

    /// <summary>Where it was measured.</summary>
    public Machine? Machine { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Whether it was ended before its time.</summary>
    public required bool Partial { get; init; }

    /// <summary>What the load consisted of.</summary>
    public required LoadFacts Load { get; init; }

    /// <summary>For how long was measured.</summary>
    public required double Seconds { get; init; }

    /// <summary>Messages sent, warm-up included.</summary>
    public required long Published { get; init; }

    /// <summary>Of these, those that were acknowledged.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Those that were refused or given up.</summary>
    public required long Unacknowledged { get; init; }

    /// <summary>Of these, those that the server refused.</summary>
    public required long Refused { get; init; }

    /// <summary>
    /// Messages that were due before the end of the measured time and never left their clients; none of them counts as published.
    /// </summary>
    public required long Unsent { get; init; }

    /// <summary>Messages of the rooms' logs times the members that must have each.</summary>
    public required long Expected { get; init; }

    /// <summary>Of these, those that arrived.</summary>
    public required long Delivered { get; init; }

    /// <summary>Of these, those that did not.</summary>
    public required long Lost { get; init; }

    /// <summary>Arrivals of a message at a member that had it already, and messages that stand in a log twice.</summary>
    public required long Duplicated { get; init; }

    /// <summary>
    /// Arrivals behind a message with a higher offset, and messages that stand behind one that their publisher sent later.
    /// </summary>
    public required long Reordered { get; init; }

    /// <summary>Arrivals of what nobody sent there, or under another offset than others saw.</summary>
    public required long Foreign { get; init; }

    /// <summary>Publishes a second, while measured.</summary>
    public required double PublishedPerSecond { get; init; }

    /// <summary>Arrivals a second over all members, while measured.</summary>
    public required double DeliveredPerSecond { get; init; }

    /// <summary>From due to arrival, at each member that is neither cut off nor stalled.</summary>
    public required Distribution DeliveryMs { get; init; }

    /// <summary>From due to acknowledgement.</summary>
    public required Distribution AckMs { get; init; }

    /// <summary>From the first datagram to the joined room.</summary>
    public required Distribution ConnectMs { get; init; }

    /// <summary>Clients connected a second, over the whole ramp without the time of its steps.</summary>
    public required double ConnectedPerSecond { get; init; }

    /// <summary>Times that a connection ended and its session connected anew.</summary>
    public required long Reconnects { get; init; }

    /// <summary>Path changes made.</summary>
    public required long PathChanges { get; init; }

    /// <summary>Those that were due and not made: there was no connection or no path to change, or the new path did not work.</summary>
    public required long ChangesNotMade { get; init; }

    /// <summary>When those made began, in seconds since the run's start; the first 10,000.</summary>
    public required ImmutableArray<double> ChangesAt { get; init; }

    /// <summary>
    /// Migrations that the gateway told its clients have completed; as many as path changes where all did. Those of clients in quiet
    /// rooms, whose networks change, are noticed with the next datagram they happen to send, which may be after the run.
    /// </summary>
    public required long Migrations { get; init; }

    /// <summary>
    /// What the cluster has counted of them, where the stack was the load's own; otherwise <see langword="null"/>, for others may be there.
    /// </summary>
    public MigrationTotals? Counted { get; init; }

    /// <summary>
    /// What they cost: the longest time between two arrivals within 5 s of each, less the usual interval. Of <c>others</c>, over the time
    /// in which members were blackholed.
    /// </summary>
    public required LoadGaps GapMs { get; init; }

    /// <summary>
    /// The same, with what the server cannot know taken out: a client behind a NAT shows its new address only with its next datagram. So
    /// the interval in which its first publish after the change falls is counted from when that publish was handed to the connection, and
    /// not from the last arrival. Where a client moves by itself, its first datagram is at the change, and the interval under way then is
    /// counted from there. Where a client publishes nothing in that time, as those that only listen, nothing is taken out; nor of
    /// <c>others</c>, whose paths stay.
    /// </summary>
    public required LoadGaps BeyondMs { get; init; }

    /// <summary>How many of those gaps had not ended when the run did; see <see cref="LoadNotBack"/>.</summary>
    public required LoadNotBack NotBack { get; init; }

    /// <summary>What each process cost while measured; this one is named load.</summary>
    public required ImmutableArray<ProcessReport> Processes { get; init; }

    /// <summary>
    /// The processes that ended during the run, by name. What they cost is in <see cref="Processes"/> only where they ended later.
    /// </summary>
    public required ImmutableArray<string> ProcessesGone { get; init; }

    /// <summary>What this process allocated a second, while measured.</summary>
    public required double AllocatedBytesPerSecond { get; init; }

    /// <summary>How it stood after each step of the ramp.</summary>
    public required ImmutableArray<LoadStep> Steps { get; init; }

    /// <summary>The processes whose memory each second tells, in this order.</summary>
    public required ImmutableArray<string> ProcessNames { get; init; }

    /// <summary>Each second.</summary>
    public required ImmutableArray<LoadSecond> Series { get; init; }

    /// <summary>What did not hold, in words; none where all did.</summary>
    public IReadOnlyList<string> Faults()
    {
        (bool IsFault, string Words)[] checks =
        [
            (Lost > 0, $"{Lost} lost"),
            (Duplicated > 0, $"{Duplicated} duplicated"),
            (Reordered > 0, $"{Reordered} reordered"),
            (Foreign > 0, $"{Foreign} that nobody sent there"),
            (Unacknowledged > 0 && !Load.CostsAcknowledgements, $"{Unacknowledged} not acknowledged, {Refused} of them refused"),
            (Unsent > 0 && !Partial, $"{Unsent} due and not sent"),
            (ChangesNotMade > 0, $"{ChangesNotMade} path changes not made"),
            (Reconnects == 0 && Counted is { } counted && counted.Completed != Migrations,
                $"the cluster has counted {Counted?.Completed} completed migrations, and its clients were told of {Migrations}"),
            (Published > 0 && Delivered == 0, "nothing arrived"),
            (!Partial && Load.Publishers > 0 && Published == 0, "nothing was published"),
            (!ProcessesGone.IsEmpty, $"{string.Join(", ", ProcessesGone)} ended during the run"),
        ];
        return [.. checks.Where(check => check.IsFault).Select(check => check.Words)];
    }
}
