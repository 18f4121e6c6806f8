using System.Globalization;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>Keeps a second <c>up</c> out of a data directory. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class StackLock : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _pidFile;

    private StackLock(FileStream @lock, string pidFile)
    {
        _lock = @lock;
        _pidFile = pidFile;
    }

    /// <summary>Takes the lock of <paramref name="data"/>, which must exist.</summary>
    /// <exception cref="ToolException">Another process has it; the message names it.</exception>
    public static StackLock Take(DataFolder data)
    {
        // The process ID stands in a file of its own, for a locked file cannot be read by others.
        var pidFile = Path.Combine(data.FullPath, "up.pid");
        FileStream held;
        try
        {
            held = new FileStream(Path.Combine(data.FullPath, "up.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            var first = File.Exists(pidFile) ? $"process {File.ReadAllText(pidFile).Trim()}" : "another process";
            throw new ToolException(
                $"'{data.Given}' is in use by {first}; stop that one first, or choose another directory with --data DIR.", e);
        }

        File.WriteAllText(pidFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        return new StackLock(held, pidFile);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        File.Delete(_pidFile);
        _lock.Dispose();
    }
}
