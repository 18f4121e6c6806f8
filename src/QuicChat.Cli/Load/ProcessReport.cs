namespace QuicChat.Cli.Load;

/// <summary>What a process cost over some time.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pid">Its ID.</param>
/// <param name="CpuSeconds">Processor time.</param>
/// <param name="CpuPercent">The same as a share of one core.</param>
/// <param name="RssBytes">Its resident memory at the end.</param>
internal sealed record ProcessReport(string Name, int Pid, double CpuSeconds, double CpuPercent, long RssBytes)
{
    /// <summary>Between two readings.</summary>
    public static ProcessReport Of(ProcessMeter meter, ProcessCost from, ProcessCost to, double seconds)
    {
        var cpu = to.CpuSeconds - from.CpuSeconds;
        return new ProcessReport(meter.Name, meter.Id, Math.Round(cpu, 2), Math.Round(cpu / seconds * 100, 1), to.RssBytes);
    }
}
