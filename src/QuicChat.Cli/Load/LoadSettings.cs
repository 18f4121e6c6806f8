using System.Collections.Immutable;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary>What a load consists of. Clients are numbered from 0 and fill one room after the other.</summary>
internal sealed record LoadSettings
{
    /// <summary>The shortest text: it holds what tells a message from all others, and when it was due.</summary>
    public const int LeastPayload = MessageText.Length;

    /// <summary>How many clients.</summary>
    public required int Connections { get; init; }

    /// <summary>In how many rooms is published; clients beyond their members are in further rooms, where all is quiet.</summary>
    public required int Rooms { get; init; }

    /// <summary>The members of a room.</summary>
    public required int Members { get; init; }

    /// <summary>How many of a room's members publish.</summary>
    public required int Publishers { get; init; }

    /// <summary>Messages a second over all publishers; <see langword="null"/> is a closed loop.</summary>
    public double? Rate { get; init; }

    /// <summary>In a closed loop, how many messages a publisher has under way.</summary>
    public int InFlight { get; init; } = 1;

    /// <summary>The bytes of a message's text.</summary>
    public int Payload { get; init; } = 100;

    /// <summary>For how long is published before anything is measured.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>For how long is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many clients connect a second; <see langword="null"/> is as fast as they come through.</summary>
    public int? ConnectRate { get; init; }

    /// <summary>How many clients connect at a time.</summary>
    public int ConnectParallel { get; init; } = 64;

    /// <summary>
    /// How many sockets all clients share that are not behind a simulated network; <see langword="null"/> gives each its own.
    /// </summary>
    public int? Sockets { get; init; }

    /// <summary>Path changes a second, over all clients that change.</summary>
    public double ChangeRate { get; init; }

    /// <summary>How often each client's path changes at most, by <see cref="ChangeRate"/>; 0 is no limit.</summary>
    public int ChangesEach { get; init; }

    /// <summary>When in the measured time all paths change, within one second; <see langword="null"/> is never.</summary>
    public TimeSpan? Storm { get; init; }

    /// <summary>How paths change.</summary>
    public ChangeKind ChangeKind { get; init; }

    /// <summary>Whose paths change.</summary>
    public Movers Movers { get; init; }

    /// <summary>How long each datagram is under way, in each direction, on the paths of those that change.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Of a hundred members, how many hear and say nothing in the middle third of the measured time.</summary>
    public double BlackholePercent { get; init; }

    /// <summary>Of a hundred members, how many stop reading.</summary>
    public double StallPercent { get; init; }

    /// <summary>For how long they do, from a third of the measured time on.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How many connections there are at each step of the ramp at which memory and processors are read; none, only at its end.
    /// </summary>
    public ImmutableArray<int> Steps { get; init; } = [];

    /// <summary>For how long a step lasts.</summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where random decisions come from.</summary>
    public int Seed { get; init; }

    /// <summary>The clients' engine.</summary>
    public QuicEngineKind Engine { get; init; }

    /// <summary>Whether any path changes.</summary>
    public bool Changes => ChangeRate > 0 || Storm is not null;

    /// <summary>How many clients publish.</summary>
    public int PublisherCount => Rooms * Publishers;

    /// <summary>Which room a client is in.</summary>
    public int RoomOf(int client) => client / Members;

    /// <summary>Whether a client publishes.</summary>
    public bool Publishes(int client) => RoomOf(client) < Rooms && client % Members < Publishers;

    /// <summary>The client that is the n-th to publish: in turn one of each room.</summary>
    public int PublisherAt(int index) => (index % Rooms * Members) + (index / Rooms);

    /// <summary>Whether a client's path changes.</summary>
    public bool Moves(int client) => Changes && Movers switch
    {
        Movers.Publishers => Publishes(client),
        Movers.Listeners => !Publishes(client),
        Movers.Half => client % 2 == 1,
        _ => true,
    };

    /// <summary>Whether a client that is not <paramref name="isBlackholed"/> is behind a simulated network.</summary>
    public bool IsRelayed(int client, bool isBlackholed)
        => isBlackholed
            || (Moves(client) && (ChangeKind is ChangeKind.Nat or ChangeKind.Address || Delay > TimeSpan.Zero))
            || (!Changes && Delay > TimeSpan.Zero);

    /// <summary>The time between two messages of one room; zero in a closed loop, where it is not known before.</summary>
    public TimeSpan Interval => Rate is { } rate && rate > 0 ? TimeSpan.FromSeconds(Rooms / rate) : TimeSpan.Zero;

    /// <summary>The members that are blackholed, and those that stall: others, by the seed.</summary>
    public (ImmutableHashSet<int> Blackholed, ImmutableHashSet<int> Stalled) Victims()
    {
        // Publishers last: where a share of listeners is enough, messages go on to flow.
        var random = new Random(Seed);
        var members = Enumerable.Range(0, Math.Min(Connections, Rooms * Members))
            .Select(client => (Client: client, Order: (Publishes(client), random.Next())))
            .OrderBy(entry => entry.Order)
            .Select(entry => entry.Client)
            .ToList();
        var blackholed = Share(BlackholePercent);
        return ([.. members.Take(blackholed)], [.. members.Skip(blackholed).Take(Share(StallPercent))]);

        int Share(double percent) => (int)Math.Ceiling(members.Count * percent / 100);
    }
}
