using System.Globalization;

namespace QuicChat.Cli.Load;

/// <summary>Reads what a process has cost so far, where the system tells it by <c>/proc</c>.</summary>
/// <param name="name">The process's name in reports.</param>
/// <param name="id">Its ID.</param>
internal sealed class ProcessMeter(string name, int id)
{
    // USER_HZ, in which proc_pid_stat(5) counts; it is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    // The fields of proc_pid_stat(5) that follow the name, the state the first of them.
    private const int UserTime = 11;
    private const int SystemTime = 12;
    private const int StartTime = 19;

    // An ID is given again; a time of start with it is not.
    private readonly long? _startedAt = ReadStat(id) is { } stat ? Number(stat[StartTime]) : null;

    /// <summary>The process's name.</summary>
    public string Name => name;

    /// <summary>Its ID.</summary>
    public int Id => id;

    /// <summary>
    /// Whether it was there when this meter was made, and is not any more; another process under its ID does not count as it.
    /// </summary>
    public bool IsGone => _startedAt is not null && Stat() is null;

    /// <summary>Reads; <see langword="null"/> where the process is gone, or the system has no <c>/proc</c>.</summary>
    public ProcessCost? Read()
    {
        if (Stat() is not { } stat || ReadText($"/proc/{id}/statm") is not { } memory)
        {
            return null;
        }

        var ticks = Number(stat[UserTime]) + Number(stat[SystemTime]);
        return new ProcessCost(ticks / TicksPerSecond, Number(memory.Split(' ')[1]) * Environment.SystemPageSize);
    }

    private string[]? Stat() => ReadStat(id) is { } stat && Number(stat[StartTime]) == _startedAt ? stat : null;

    private static string[]? ReadStat(int id)
    {
        // The name, in parentheses, may hold spaces and parentheses; the third field follows the last one. What has ended and is not
        // reaped is gone.
        var fields = ReadText($"/proc/{id}/stat") is { } stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : ["Z"];
        return fields[0] is "Z" or "X" ? null : fields;
    }

    private static string? ReadText(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
