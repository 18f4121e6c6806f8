using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>Reads both clocks of a <see cref="TimeProvider"/>.</summary>
internal static class Clock
{
    public static Instant Now(TimeProvider time) => new(time.GetElapsedTime(0), time.GetUtcNow());
}
