namespace QuicChat.Quic.Certificates;

/// <summary>Says in words for its user why a file or directory cannot be used.</summary>
public static class FileProblem
{
    /// <summary>Whether <paramref name="error"/> is the file system's, and not a fault of the program.</summary>
    public static bool IsOne(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>Whether a file could not be opened because another process holds it open for itself alone.</summary>
    public static bool IsHeldByAnother(IOException error)
    {
        const int WouldBlockLinux = 11;
        const int WouldBlockMacOS = 35;
        const int SharingViolationWindows = unchecked((int)0x80070020);
        return error.HResult is WouldBlockLinux or WouldBlockMacOS or SharingViolationWindows;
    }

    /// <summary>Why a file cannot be used, without a full stop.</summary>
    /// <param name="file">The file.</param>
    /// <param name="error">What the file system answered.</param>
    public static string Describe(string file, Exception error)
        => Directory.Exists(file)
            ? "it is a directory, not a file"
            : FileAmong(Path.GetDirectoryName(Path.GetFullPath(file))) ?? DescribeError(error, "it is not there");

    /// <summary>Why a directory cannot be made or written to, without a full stop.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="error">What the file system answered.</param>
    public static string DescribeDirectory(string directory, Exception error)
        => FileAmong(Path.GetFullPath(directory)) ?? DescribeError(error, "the system allows no directory there");

    // What stands in the way may be far up, and the system's own words do not name it.
    private static string? FileAmong(string? directory)
    {
        for (var part = directory; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
            {
                return $"'{part}' is a file, not a directory";
            }
        }

        return null;
    }

    private static string DescribeError(Exception error, string whereMissing) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => whereMissing,
        UnauthorizedAccessException => "permission denied",
        PathTooLongException => "its path is too long",
        // .NET appends the path to the system's words.
        _ => error.Message.ReplaceLineEndings(" ").Split(" : '")[0].TrimEnd('.'),
    };
}
