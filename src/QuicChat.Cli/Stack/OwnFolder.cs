using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>Where a verb's own stack lives: a temporary directory that goes with it, or a new one to keep.</summary>
internal sealed class OwnFolder : IDisposable
{
    private readonly bool _isTemporary;

    private OwnFolder(DataFolder data, bool isTemporary)
    {
        Data = data;
        _isTemporary = isTemporary;
    }

    /// <summary>The directory.</summary>
    public DataFolder Data { get; }

    /// <summary>Makes the directory.</summary>
    /// <param name="verb">Whose it is, as in <c>demo</c>.</param>
    /// <param name="given">The one to keep; it must be new, for counts of an earlier run would be mixed with those of this one.</param>
    /// <exception cref="ToolException">It is not new, or cannot be written.</exception>
    public static OwnFolder Open(string verb, DataFolder? given)
    {
        if (given is not null && Directory.Exists(given.FullPath) && Directory.EnumerateFileSystemEntries(given.FullPath).Any())
        {
            throw new ToolException($"the {verb} needs a new directory, and '{given.Given}' is not empty; choose another with --data DIR.");
        }

        var data = given ?? new DataFolder(Directory.CreateTempSubdirectory($"quicchat-{verb}-").FullName);
        data.Ensure();
        return new OwnFolder(data, given is null);
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
