using System.Text.RegularExpressions;
using System.Xml.Linq;

using Xunit;

namespace QuicChat.Architecture.Tests;

/// <summary>What holds for all projects and files.</summary>
public partial class SolutionTests
{
    [Fact]
    public void The_solution_holds_every_project_and_no_other()
    {
        var inSolution = Repository.SolutionProjects();
        Assert.NotEmpty(inSolution);

        foreach (var project in Repository.Projects)
        {
            Assert.True(inSolution.Contains(project.Path), $"{project.Path} is not in the solution; `dotnet sln add {project.Path}`.");
        }

        foreach (var path in inSolution)
        {
            Assert.True(File.Exists(Repository.Absolute(path)), $"The solution names {path}, which does not exist; `dotnet sln remove {path}`.");
        }
    }

    [Fact]
    public void Package_versions_stand_in_one_file()
    {
        foreach (var project in Repository.Projects)
        {
            foreach (var reference in project.Items("PackageReference"))
            {
                Assert.True(
                    VersionOf(reference) is null,
                    $"{project.Path} gives {reference.Attribute("Include")?.Value} a version; it belongs in Directory.Packages.props.");
            }

            Assert.True(!project.Items("PackageVersion").Any(), $"{project.Path} has a PackageVersion; it belongs in Directory.Packages.props.");
        }

        foreach (var file in Repository.Files("*.props").Concat(Repository.Files("*.targets")).Where(file => file != "Directory.Packages.props"))
        {
            var faulty = XDocument.Load(Repository.Absolute(file)).Descendants()
                .Where(item => item.Name.LocalName == "PackageVersion" || (item.Name.LocalName == "PackageReference" && VersionOf(item) is not null));
            Assert.True(!faulty.Any(), $"{file} gives a package a version; it belongs in Directory.Packages.props.");
        }
    }

    [Fact]
    public void Package_versions_are_exact_and_hold_transitively()
    {
        var packages = XDocument.Load(Repository.Absolute("Directory.Packages.props"));

        foreach (var property in new[] { "ManagePackageVersionsCentrally", "CentralPackageTransitivePinningEnabled" })
        {
            Assert.True(
                packages.Descendants(property).SingleOrDefault()?.Value == "true", $"Directory.Packages.props does not set {property} to true.");
        }

        foreach (var package in packages.Descendants("PackageVersion"))
        {
            var (name, version) = (package.Attribute("Include")?.Value, package.Attribute("Version")?.Value ?? "");
            Assert.True(
                ExactVersion().IsMatch(version) || version.StartsWith("$(", StringComparison.Ordinal),
                $"Directory.Packages.props gives {name} the version '{version}', which is not one exact version.");
        }
    }

    [Fact]
    public void Namespaces_begin_with_the_name_of_the_product()
    {
        foreach (var file in Repository.Files("*.cs"))
        {
            foreach (Match match in Namespace().Matches(File.ReadAllText(Repository.Absolute(file))))
            {
                var name = match.Groups["name"].Value;
                Assert.True(name == "QuicChat" || name.StartsWith("QuicChat.", StringComparison.Ordinal), $"{file} declares the namespace {name}.");
            }
        }
    }

    private static string? VersionOf(XElement reference)
        => new[] { "Version", "VersionOverride" }
            .Select(name => reference.Attribute(name)?.Value ?? reference.Element(name)?.Value)
            .FirstOrDefault(version => version is not null);

    [GeneratedRegex(@"^\d+(\.\d+){1,3}(-[0-9A-Za-z.-]+)?$")]
    private static partial Regex ExactVersion();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
