using System.Text.RegularExpressions;

namespace QuicChat.Architecture.Tests;

/// <summary>The repository that these tests were built in.</summary>
internal static partial class Repository
{
    private const string SolutionName = "Orleans.QuicChat.sln";

    private static readonly string[] NotSource = ["bin", "obj", "artifacts"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<ProjectFile> Projects { get; } = [.. Files("*.csproj").Select(file => new ProjectFile(file))];

    public static string Absolute(string path) => Path.Combine(Root, path);

    /// <summary>The files of a pattern that are neither built nor hidden, from the root, with forward slashes.</summary>
    public static IEnumerable<string> Files(string pattern) => Files(new DirectoryInfo(Root), pattern).Order(StringComparer.Ordinal);

    /// <summary>The paths of the solution's projects.</summary>
    public static IReadOnlyList<string> SolutionProjects()
        => [.. SolutionProject().Matches(File.ReadAllText(Absolute(SolutionName))).Select(match => match.Groups["path"].Value.Replace('\\', '/'))];

    private static IEnumerable<string> Files(DirectoryInfo directory, string pattern)
        => directory.EnumerateFiles(pattern).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))
            .Concat(directory.EnumerateDirectories()
                .Where(inner => !inner.Name.StartsWith('.') && !NotSource.Contains(inner.Name))
                .SelectMany(inner => Files(inner, pattern)));

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, SolutionName)))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"No directory above '{AppContext.BaseDirectory}' holds {SolutionName}; run these tests where they were built.");
    }

    [GeneratedRegex("""^Project\("[^"]*"\) = "[^"]*", "(?<path>[^"]*\.csproj)",""", RegexOptions.Multiline)]
    private static partial Regex SolutionProject();
}
