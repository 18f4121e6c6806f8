namespace QuicChat.Fuzz;

/// <summary>The folder with the solution, above this program and above its instrumented copy.</summary>
internal static class Root
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Orleans.QuicChat.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds the solution.");
    }
}
