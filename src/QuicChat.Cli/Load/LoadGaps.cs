namespace QuicChat.Cli.Load;

/// <summary>What changes cost by the group of those whom they cost it, of one of the two ways to take it.</summary>
/// <param name="Publishers">Of clients that publish.</param>
/// <param name="Listeners">Of clients that only listen: these cannot be reached until they send something.</param>
/// <param name="Others">Of members that were not blackholed, over the time in which others were.</param>
internal sealed record LoadGaps(Distribution Publishers, Distribution Listeners, Distribution Others);
