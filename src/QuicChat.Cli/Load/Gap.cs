namespace QuicChat.Cli.Load;

/// <summary>What one change cost one member, in microseconds.</summary>
/// <param name="Whole">The longest time between two arrivals, less the usual interval.</param>
/// <param name="Beyond">The same without the time in which nobody could know of the change; see <see cref="LoadResult.BeyondMs"/>.</param>
/// <param name="IsBack">
/// Whether the newest message had arrived at the member when it was looked at last; where not, the times are only what had passed by
/// then.
/// </param>
internal readonly record struct Gap(long Whole, long Beyond, bool IsBack);
