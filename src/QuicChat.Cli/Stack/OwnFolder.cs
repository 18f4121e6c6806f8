using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>Where a verb's own stack lives: a temporary directory that goes with it, or a new one to keep.</summary>
internal sealed class OwnFolder : IDisposable
{
    private const int Tries = 10;

    private readonly DataFolder _data;
    private readonly bool _isTemporary;
    private bool _keepsLogs;

    private OwnFolder(DataFolder data, bool isTemporary)
    {
        _data = data;
        _isTemporary = isTemporary;
        StopSignals.Forced += Dispose;
    }

    /// <summary>
    /// Makes the directory for some work, and removes it afterwards if it is temporary. Where the work fails its logs stay, for the message names
    /// them; keys and the store's files go all the same.
    /// </summary>
    /// <param name="verb">Whose it is, as in <c>demo</c>.</param>
    /// <param name="given">The one to keep; it must be new, for counts of an earlier run would be mixed with those of this one.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="ToolException">It is not new, or cannot be written; or the work failed.</exception>
    public static async Task<T> WithAsync<T>(string verb, DataFolder? given, Func<DataFolder, Task<T>> work)
    {
        using var folder = Open(verb, given);
        try
        {
            return await work(folder._data);
        }
        catch (ToolException)
        {
            folder._keepsLogs = true;
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        StopSignals.Forced -= Dispose;
        if (!_isTemporary)
        {
            return;
        }

        // Where the process is ended by force, its children may still be writing.
        for (var tries = 1; Directory.Exists(_data.FullPath); tries++)
        {
            try
            {
                Remove();
                return;
            }
            catch (IOException) when (tries < Tries)
            {
            }
        }
    }

    private static OwnFolder Open(string verb, DataFolder? given)
    {
        if (given is not null && Directory.Exists(given.FullPath) && Directory.EnumerateFileSystemEntries(given.FullPath).Any())
        {
            throw new ToolException($"the {verb} needs a new directory, and '{given.Given}' is not empty; choose another with --data DIR.");
        }

        var data = given ?? new DataFolder(Directory.CreateTempSubdirectory($"quicchat-{verb}-").FullName);
        data.Ensure();
        return new OwnFolder(data, given is null);
    }

    private void Remove()
    {
        if (!_keepsLogs)
        {
            Directory.Delete(_data.FullPath, recursive: true);
            return;
        }

        foreach (var entry in new DirectoryInfo(_data.FullPath).EnumerateFileSystemInfos().Where(entry => entry.FullName != _data.LogFolder))
        {
            if (entry is DirectoryInfo folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }
}
