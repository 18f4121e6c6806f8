namespace QuicChat.Quic.Paths;

/// <summary>A moment as two clocks tell it.</summary>
/// <param name="Elapsed">A monotonic clock, from an arbitrary start: for durations and deadlines.</param>
/// <param name="Time">The wall clock: for people.</param>
public readonly record struct Instant(TimeSpan Elapsed, DateTimeOffset Time);
