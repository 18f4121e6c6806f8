namespace QuicChat.Cli.Load;

/// <summary>
/// After how many changes the newest message had not arrived at the client when the run ended; their gaps count with what had passed by
/// then, and were longer.
/// </summary>
/// <param name="Publishers">Of clients that publish.</param>
/// <param name="Listeners">Of clients that only listen.</param>
/// <param name="Others">Of members that were not blackholed, while others were.</param>
internal sealed record LoadNotBack(long Publishers, long Listeners, long Others);
