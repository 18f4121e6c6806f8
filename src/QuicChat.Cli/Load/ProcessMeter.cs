using System.Globalization;

namespace QuicChat.Cli.Load;

/// <summary>Reads what a process has cost so far, where the system tells it by <c>/proc</c>.</summary>
/// <param name="name">The process's name in reports.</param>
/// <param name="id">Its ID.</param>
internal sealed class ProcessMeter(string name, int id)
{
    // USER_HZ, in which proc_pid_stat(5) counts; it is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>The process's name.</summary>
    public string Name => name;

    /// <summary>Its ID.</summary>
    public int Id => id;

    /// <summary>Reads; <see langword="null"/> where the process is gone, or the system has no <c>/proc</c>.</summary>
    public ProcessCost? Read()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");

            // The name, in parentheses, may hold spaces and parentheses; the third field follows the last one.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = Number(fields[11]) + Number(fields[12]);
            var pages = Number(File.ReadAllText($"/proc/{id}/statm").Split(' ')[1]);
            return new ProcessCost(ticks / TicksPerSecond, pages * Environment.SystemPageSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
