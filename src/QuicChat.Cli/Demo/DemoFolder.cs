using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Demo;

/// <summary>Where the demo's stack lives: a temporary directory that goes with it, or a new one to keep.</summary>
internal sealed class DemoFolder : IDisposable
{
    private readonly bool _isTemporary;

    private DemoFolder(DataFolder data, bool isTemporary)
    {
        Data = data;
        _isTemporary = isTemporary;
    }

    /// <summary>The directory.</summary>
    public DataFolder Data { get; }

    /// <summary>Makes the directory.</summary>
    /// <param name="given">The one to keep; it must be new, for counts of an earlier run would be mixed with those of this one.</param>
    /// <exception cref="ToolException">It is not new, or cannot be written.</exception>
    public static DemoFolder Open(DataFolder? given)
    {
        if (given is not null && Directory.Exists(given.FullPath) && Directory.EnumerateFileSystemEntries(given.FullPath).Any())
        {
            throw new ToolException($"the demo needs a new directory, and '{given.Given}' is not empty; choose another with --data DIR.");
        }

        var data = given ?? new DataFolder(Directory.CreateTempSubdirectory("quicchat-demo-").FullName);
        data.Ensure();
        return new DemoFolder(data, given is null);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_isTemporary)
        {
            Directory.Delete(Data.FullPath, recursive: true);
        }
    }
}
