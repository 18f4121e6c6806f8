using System.Collections.Immutable;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>What the demo breaks.</summary>
/// <param name="Clients">How many clients; all of them publish.</param>
/// <param name="Rooms">How many rooms they share out.</param>
/// <param name="Faults">What is broken, in this order.</param>
/// <param name="Traffic">For how long is published before the first fault and after each.</param>
/// <param name="Network">What the simulated network does to each datagram, in each direction.</param>
/// <param name="Seed">Where all random decisions come from.</param>
/// <param name="Engine">The clients' QUIC engine.</param>
internal sealed record ChaosSettings(
    int Clients,
    int Rooms,
    ImmutableArray<ChaosFault> Faults,
    TimeSpan Traffic,
    LinkConditions Network,
    int Seed,
    QuicEngineKind Engine)
{
    /// <summary>The time between two messages of a client.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long migrations may take while networks are dead: short, so that they are given up within a run.</summary>
    public static readonly TimeSpan ShortMigrationTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Within which a gateway's clients are to be back after its death, and everyone sees again who is there.</summary>
    public static readonly TimeSpan GatewayLimit = TimeSpan.FromSeconds(15);

    /// <summary>Far beyond what anything is allowed to take: what has not recovered by then never will.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>How often it is looked whether what is awaited has come.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>An honest bad day of a mobile network; a tenth of the round trip in jitter.</summary>
    public static readonly LinkConditions BadNetwork = new()
    {
        LossPercent = 5,
        Delay = TimeSpan.FromMilliseconds(30),
        Jitter = TimeSpan.FromMilliseconds(3),
        ReorderPercent = 2,
        DuplicatePercent = 2,
    };

    /// <summary>The room of a client.</summary>
    public string RoomOf(int client) => $"chaos-{(client % Rooms) + 1}";
}
