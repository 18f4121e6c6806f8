using System.Diagnostics;

namespace QuicChat.Benchmarks.Engine;

/// <summary>What a process has used.</summary>
internal static class ProcessUsage
{
    /// <summary>Processor time of all its threads since it began; by the system's ticks, of 10 ms.</summary>
    public static TimeSpan Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    /// <summary>Bytes of its memory that are in RAM.</summary>
    public static long ResidentBytes(Process process)
    {
        process.Refresh();
        return process.WorkingSet64;
    }
}
