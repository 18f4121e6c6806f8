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

    /// <summary>How long migrations may take: short, so that a path that dies is given up within a run.</summary>
    public static readonly TimeSpan MigrationTimeout = TimeSpan.FromSeconds(4);

    /// <summary>The room of a client.</summary>
    public string RoomOf(int client) => $"chaos-{(client % Rooms) + 1}";
}
