namespace QuicChat.Quic.Simulation;

/// <summary>What became of a datagram; see the counter of the same name in <see cref="LinkCounters"/>.</summary>
internal enum LinkOutcome
{
    Forwarded,
    Lost,
    Blackholed,
    Overflowed,
    Unmapped,
    Refused,
}
