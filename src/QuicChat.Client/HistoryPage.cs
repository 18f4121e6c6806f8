using QuicChat.Protocol;

namespace QuicChat.Client;

/// <summary>A page of a room's stored messages.</summary>
/// <param name="FirstOffset">The oldest message still stored.</param>
/// <param name="LastOffset">The newest message stored; 0 in an empty room.</param>
/// <param name="Messages">Consecutive messages; empty where there are none from the offset asked for on. There may be fewer than asked for and
/// yet more behind them: the page ends where it fills a frame.</param>
public sealed record HistoryPage(long FirstOffset, long LastOffset, IReadOnlyList<ChatMessage> Messages)
{
    /// <exception cref="ArgumentOutOfRangeException">There is no such page.</exception>
    internal static void Validate(long fromOffset, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromOffset, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ProtocolLimits.MaxHistoryMessages);
    }
}
