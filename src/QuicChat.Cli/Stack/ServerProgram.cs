using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>A server process that <c>up</c> can start.</summary>
/// <param name="Folder">Its project's folder below the repository root.</param>
/// <param name="Assembly">The name of its assembly.</param>
internal sealed record ServerProgram(string Folder, string Assembly)
{
    /// <summary>The store, Garnet.</summary>
    public static readonly ServerProgram Store = new("src/QuicChat.Store", "QuicChat.Store");

    /// <summary>The Orleans server.</summary>
    public static readonly ServerProgram Silo = new("silo", "QuicChat.Silo");

    /// <summary>The QUIC server.</summary>
    public static readonly ServerProgram Gateway = new("gateway", "QuicChat.Gateway");

    /// <summary>The <c>dotnet</c> that runs this process, so that all processes run on one.</summary>
    public static string Host
        => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet"
            ? path
            : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>The command line that runs it as a child of this process.</summary>
    /// <exception cref="ToolException">It is not built.</exception>
    public IReadOnlyList<string> Command(IEnumerable<string> arguments) => [.. Line(arguments), "--exit-with-parent"];

    /// <summary>The command line that runs it.</summary>
    /// <exception cref="ToolException">It is not built.</exception>
    public IReadOnlyList<string> Line(IEnumerable<string> arguments) => [Host, Locate(), .. arguments];

    private string Locate()
    {
        var file = Path.Combine(Home(), Folder, "bin", "Release", "net10.0", Assembly + ".dll");
        return File.Exists(file)
            ? file
            : throw new ToolException($"'{file}' is not built; run './quicchat', or 'dotnet build Orleans.QuicChat.sln -c Release'.");
    }

    private static string Home()
    {
        if (Environment.GetEnvironmentVariable("QUICCHAT_HOME") is { Length: > 0 } home)
        {
            return home;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Orleans.QuicChat.sln")))
            {
                return folder.FullName;
            }
        }

        throw new ToolException("the server programs cannot be found; set QUICCHAT_HOME to the repository's root.");
    }
}
