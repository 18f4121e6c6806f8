using System.Globalization;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Certificates;

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
    /// <exception cref="ToolException">Another process has it, which the message names; or its file cannot be used.</exception>
    public static StackLock Take(DataFolder data)
    {
        // The process ID stands in a file of its own, for a locked file cannot be read by others.
        var pidFile = Path.Combine(data.FullPath, "up.pid");
        var held = DataFolder.Access(Path.Combine(data.FullPath, "up.lock"), Open) ?? throw new ToolException(
            $"'{data.Given}' is in use by {Holder(pidFile)}; stop that one first, or choose another directory with --data DIR.");
        try
        {
            DataFolder.Access(
                pidFile, file => File.WriteAllText(file, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            return new StackLock(held, pidFile);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // In this order: whoever takes the lock next writes the file anew.
        using (_lock)
        {
            DataFolder.Delete(_pidFile);
        }
    }

    private static FileStream? Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (FileProblem.IsHeldByAnother(e))
        {
            return null;
        }
    }

    private static string Holder(string pidFile)
        => File.Exists(pidFile) ? $"process {DataFolder.Access(pidFile, File.ReadAllText).Trim()}" : "another process";
}
