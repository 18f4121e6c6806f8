using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo;

/// <summary>What the demo does.</summary>
/// <param name="Clients">How many clients; half of them publish.</param>
/// <param name="Rooms">How many rooms they share out.</param>
/// <param name="Rebinds">How often each client's path changes.</param>
/// <param name="Duration">For how long is published.</param>
/// <param name="Network">What the simulated network does to each datagram, in each direction.</param>
/// <param name="Changes">How the clients come to other paths.</param>
/// <param name="Seed">Where all random decisions come from.</param>
/// <param name="Engine">The clients' QUIC engine.</param>
internal sealed record DemoSettings(
    int Clients, int Rooms, int Rebinds, TimeSpan Duration, LinkConditions Network, PathChanges Changes, int Seed, QuicEngineKind Engine)
{
    /// <summary>The time between two messages of a client that publishes: 10 a second.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>The room of a client.</summary>
    public int RoomOf(int client) => client % Rooms;

    /// <summary>Whether a client publishes: in each room every other one, beginning with the first.</summary>
    public bool IsTalker(int client) => client / Rooms % 2 == 0;

    /// <summary>When a talker's first message is due: a room's talkers take turns, so that messages come evenly.</summary>
    public TimeSpan FirstMessage(int client)
    {
        var room = Enumerable.Range(0, Clients).Where(other => RoomOf(other) == RoomOf(client) && IsTalker(other)).ToList();
        return Interval * room.IndexOf(client) / room.Count;
    }
}
