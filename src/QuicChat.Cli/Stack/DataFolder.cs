using System.Security.Cryptography;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>The data directory of one stack: what <c>up</c> leaves there and where.</summary>
/// <param name="path">The directory, absolute or relative to the current one.</param>
internal sealed class DataFolder(string path)
{
    /// <summary>The directory that is used unless told otherwise.</summary>
    public const string DefaultPath = ".quicchat";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The directory as it was given, for messages and commands to copy.</summary>
    public string Given { get; } = path;

    /// <summary>The directory.</summary>
    public string FullPath { get; } = Path.GetFullPath(path);

    /// <summary>Describes the running stack.</summary>
    public string StackFile => Path.Combine(FullPath, "stack.json");

    /// <summary>Signs development tokens: 32 random bytes as base64.</summary>
    public string TokenKeyFile => Path.Combine(FullPath, "token.key");

    /// <summary>The store's data.</summary>
    public string StoreFolder => Path.Combine(FullPath, "store");

    /// <summary>The log of a child process.</summary>
    public string LogFile(string child) => Path.Combine(FullPath, "logs", child + ".log");

    /// <summary>A command line with <c>--data</c> where this is not the default directory.</summary>
    public string Command(string arguments)
        => Given == DefaultPath ? $"./quicchat {arguments}" : $"./quicchat {arguments} --data '{Given}'";

    /// <summary>Makes the directory where it is missing, and checks that files can be written there.</summary>
    /// <exception cref="ToolException">They cannot.</exception>
    public void Ensure()
    {
        try
        {
            CreatePrivate(FullPath);
            Directory.CreateDirectory(Path.Combine(FullPath, "logs"));
            var probe = Path.Combine(FullPath, Path.GetRandomFileName());
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                $"the data directory '{Given}' cannot be written ({ToolException.OneLine(e)}); choose another with --data DIR.", e);
        }
    }

    /// <summary>Makes the key of development tokens where it is missing.</summary>
    public void EnsureTokenKey()
    {
        if (!File.Exists(TokenKeyFile))
        {
            WritePrivate(TokenKeyFile, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        }
    }

    /// <summary>Writes a file whole or not at all, readable by its owner alone.</summary>
    public static void WritePrivate(string file, string text)
    {
        var temporary = file + "." + Path.GetRandomFileName();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(text);
        }

        File.Move(temporary, file, overwrite: true);
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }
}
