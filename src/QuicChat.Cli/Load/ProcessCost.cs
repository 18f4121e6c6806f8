namespace QuicChat.Cli.Load;

/// <summary>What a process has cost so far.</summary>
/// <param name="CpuSeconds">Processor time, of its threads and in the kernel for them.</param>
/// <param name="RssBytes">Its resident memory now.</param>
internal sealed record ProcessCost(double CpuSeconds, long RssBytes);
