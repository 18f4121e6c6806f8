namespace QuicChat.Store;

/// <summary>
/// Keeps a second store out of a data directory. The operating system ends the lock with the process, however that ends, so nothing
/// has to be cleaned up after a crash.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Makes the directory where it is missing, and locks it.</summary>
    /// <exception cref="StoreException">It cannot be written to, or another store has it.</exception>
    public static DirectoryLock Take(DirectoryInfo directory)
    {
        var path = Path.Combine(directory.FullName, "lock");
        try
        {
            directory.Create();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(directory, error);
        }

        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DirectoryLock(file);
        }
        catch (UnauthorizedAccessException error)
        {
            throw NotWritable(directory, error);
        }
        catch (IOException error) when (IsReadOnlyFileSystem(error))
        {
            throw NotWritable(directory, error);
        }
        catch (IOException error)
        {
            throw new StoreException(
                $"Another store uses {directory.FullName}; stop it, or choose another directory with --data.", error);
        }
    }

    /// <summary>Gives the directory up.</summary>
    public void Dispose() => _file.Dispose();

    // EROFS; the runtime has no exception type of its own for it.
    private static bool IsReadOnlyFileSystem(IOException error) => error.HResult == 30;

    private static StoreException NotWritable(DirectoryInfo directory, Exception error)
        => new($"Cannot write to {directory.FullName} ({error.Message.TrimEnd('.')}); "
            + "make it writable, or choose another directory with --data.", error);
}
