using System.Text.Json;
using System.Xml.Linq;

using Xunit;

namespace QuicChat.Architecture.Tests;

/// <summary>A project file as MSBuild reads it, without evaluation.</summary>
/// <param name="Path">Its path from the repository's root, with forward slashes.</param>
internal sealed record ProjectFile(string Path)
{
    private readonly XElement _root = XDocument.Load(Repository.Absolute(Path)).Root!;

    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public bool IsTest => Path.StartsWith("tests/", StringComparison.Ordinal);

    public string Sdk => _root.Attribute("Sdk")?.Value ?? "";

    /// <summary>The names of the projects that it references.</summary>
    public IReadOnlyList<string> ProjectReferences
        => [.. Items("ProjectReference").Select(item => System.IO.Path.GetFileNameWithoutExtension(Include(item).Replace('\\', '/')))];

    public IReadOnlyList<string> FrameworkReferences => [.. Items("FrameworkReference").Select(Include)];

    public IReadOnlyList<string> PackageReferences => [.. Items("PackageReference").Select(Include)];

    public IEnumerable<XElement> Items(string name) => _root.Descendants(name);

    /// <summary>The framework references of the packages that the last restore gave this project, direct and transitive.</summary>
    public IEnumerable<(string Package, string Framework)> FrameworkReferencesOfPackages()
        => from package in ResolvedPackages()
           where package.Value.TryGetProperty("frameworkReferences", out _)
           from framework in package.Value.GetProperty("frameworkReferences").EnumerateArray()
           select (package.Name, framework.GetString()!);

    /// <summary>The packages that the last restore gave this project, direct and transitive, as <c>name/version</c>.</summary>
    public IEnumerable<JsonProperty> ResolvedPackages()
    {
        var assets = Repository.Absolute(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "obj", "project.assets.json"));
        Assert.True(File.Exists(assets), $"'{assets}' is missing; restore the solution first.");
        using var document = JsonDocument.Parse(File.ReadAllText(assets));
        return document.RootElement.Clone().GetProperty("targets").EnumerateObject()
            .SelectMany(target => target.Value.EnumerateObject())
            .Where(library => library.Value.GetProperty("type").GetString() == "package")
            .ToList();
    }

    private static string Include(XElement item) => item.Attribute("Include")?.Value ?? "";
}
