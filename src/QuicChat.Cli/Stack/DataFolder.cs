using System.Security.Cryptography;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Certificates;

namespace QuicChat.Cli.Stack;

/// <summary>The data directory of one stack: what <c>up</c> leaves there and where.</summary>
/// <param name="path">The directory, absolute or relative to the current one.</param>
internal sealed class DataFolder(string path)
{
    /// <summary>The directory that is used unless told otherwise.</summary>
    public const string DefaultPath = ".quicchat";

    // HS256 asks for no fewer (RFC 7518, section 3.2), and the gateway for no more.
    private const int TokenKeyLength = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The directory as it was given, for messages and commands to copy.</summary>
    public string Given { get; } = path;

    /// <summary>As help shows it.</summary>
    public override string ToString() => Given;

    /// <summary>The directory.</summary>
    public string FullPath { get; } = Path.GetFullPath(path);

    /// <summary>Describes the running stack.</summary>
    public string StackFile => Path.Combine(FullPath, "stack.json");

    /// <summary>Signs development tokens: 32 random bytes as base64.</summary>
    public string TokenKeyFile => Path.Combine(FullPath, "token.key");

    /// <summary>The store's data.</summary>
    public string StoreFolder => Path.Combine(FullPath, "store");

    /// <summary>The data of a Redis server that the stack starts itself.</summary>
    public string RedisFolder => Path.Combine(FullPath, "redis");

    /// <summary>The logs of child processes.</summary>
    public string LogFolder => Path.Combine(FullPath, "logs");

    /// <summary>The log of a child process.</summary>
    public string LogFile(string child) => Path.Combine(LogFolder, child + ".log");

    /// <summary>A command line with <c>--data</c> where this is not the default directory.</summary>
    public string Command(string arguments)
        => Given == DefaultPath ? $"./quicchat {arguments}" : $"./quicchat {arguments} --data '{Given}'";

    /// <summary>Reads the name of a directory.</summary>
    /// <exception cref="FormatException"><paramref name="path"/> is not one.</exception>
    public static DataFolder Parse(string path)
        => string.IsNullOrWhiteSpace(path)
            ? throw new FormatException($"the name of the directory is empty; give one, or leave the option away for '{DefaultPath}'")
            : new DataFolder(path);

    /// <summary>Makes the directory where it is missing, and checks that files can be written there.</summary>
    /// <exception cref="ToolException">They cannot.</exception>
    public void Ensure()
    {
        var directory = FullPath;
        try
        {
            CreatePrivate(directory);
            var probe = Path.Combine(directory, Path.GetRandomFileName());
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            directory = LogFolder;
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            throw new ToolException(
                $"the data directory '{Given}' cannot be written ({FileProblem.DescribeDirectory(directory, e)}); choose another with --data DIR.", e);
        }
    }

    /// <summary>Makes the key of development tokens where it is missing, and checks the one that is there.</summary>
    /// <exception cref="ToolException">It cannot be made, or is no key.</exception>
    public void EnsureTokenKey()
    {
        if (!Path.Exists(TokenKeyFile))
        {
            WritePrivate(TokenKeyFile, Convert.ToBase64String(RandomNumberGenerator.GetBytes(TokenKeyLength)) + "\n");
        }

        ReadTokenKey();
    }

    /// <summary>The key of development tokens.</summary>
    /// <exception cref="ToolException">It is missing or no key.</exception>
    public byte[] ReadTokenKey()
    {
        if (!Path.Exists(TokenKeyFile))
        {
            throw new ToolException(
                $"'{Given}' holds no development key; '{Command("up")}' makes one, or name another directory with --data DIR.");
        }

        return ReadTokenKey(TokenKeyFile)
            ?? throw new ToolException(
                $"'{TokenKeyFile}' does not hold {TokenKeyLength} bytes of Base64; delete it, and '{Command("up")}' makes a new one.");
    }

    /// <summary>The key of development tokens in a file; <see langword="null"/> where it holds none.</summary>
    /// <exception cref="ToolException">The file cannot be read.</exception>
    public static byte[]? ReadTokenKey(string file)
    {
        var key = new byte[TokenKeyLength + 1];
        return Convert.TryFromBase64String(Access(file, File.ReadAllText).Trim(), key, out var length) && length == TokenKeyLength
            ? key[..length]
            : null;
    }

    /// <summary>Does something with a file of a data directory that should be possible.</summary>
    /// <exception cref="ToolException">It is not; the message says why and what to do.</exception>
    public static T Access<T>(string file, Func<string, T> access)
    {
        try
        {
            return access(file);
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            throw new ToolException(
                $"'{file}' cannot be used ({FileProblem.Describe(file, e)}); mend or remove it, or choose another directory with --data DIR.", e);
        }
    }

    /// <inheritdoc cref="Access{T}(string, Func{string, T})"/>
    public static void Access(string file, Action<string> access) => Access(file, path =>
    {
        access(path);
        return true;
    });

    /// <summary>Deletes a file of a data directory, where it is there.</summary>
    /// <exception cref="ToolException">It cannot be deleted.</exception>
    public static void Delete(string file)
    {
        // The directory may be gone, too.
        if (Path.Exists(file))
        {
            Access(file, File.Delete);
        }
    }

    /// <summary>Writes a file whole or not at all, readable by its owner alone.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static void WritePrivate(string file, string text) => Access(file, _ =>
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
    });

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
