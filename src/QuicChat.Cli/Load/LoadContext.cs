using System.Collections.Immutable;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Load;

/// <summary>What the clients of one run share.</summary>
/// <param name="Settings">The load.</param>
/// <param name="Meter">What they count together.</param>
/// <param name="Mark">Tells the run's messages and rooms from all others.</param>
/// <param name="Ledgers">What stands in each room's log.</param>
/// <param name="Sockets">The sockets that clients share; none where each has its own.</param>
/// <param name="Blackholed">The clients that will be cut off.</param>
/// <param name="Stalled">Those that will stop reading.</param>
internal sealed record LoadContext(
    LoadSettings Settings,
    LoadMeter Meter,
    string Mark,
    ImmutableArray<RoomLedger> Ledgers,
    ClientSocketPool? Sockets,
    ImmutableHashSet<int> Blackholed,
    ImmutableHashSet<int> Stalled);
