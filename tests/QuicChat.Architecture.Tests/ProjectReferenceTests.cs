using Xunit;

namespace QuicChat.Architecture.Tests;

/// <summary>Which project may know which.</summary>
public class ProjectReferenceTests
{
    private const string Protocol = "QuicChat.Protocol";
    private const string Quic = "QuicChat.Quic";
    private const string Ngtcp2 = "QuicChat.Quic.Ngtcp2";
    private const string Kestrel = "QuicChat.Quic.Kestrel";
    private const string Abstractions = "QuicChat.Abstractions";
    private const string Grains = "QuicChat.Grains";
    private const string Client = "QuicChat.Client";
    private const string Cli = "QuicChat.Cli";
    private const string Store = "QuicChat.Store";
    private const string Gateway = "QuicChat.Gateway";
    private const string Silo = "QuicChat.Silo";

    /// <summary>Each project, where it stands, and what it may reference. Whoever changes this table changes the architecture.</summary>
    private static readonly Dictionary<string, (string Path, string[] MayReference)> Table = new()
    {
        [Protocol] = ("src/QuicChat.Protocol", []),
        [Quic] = ("src/QuicChat.Quic", []),
        [Ngtcp2] = ("src/QuicChat.Quic.Ngtcp2", [Quic]),
        [Kestrel] = ("src/QuicChat.Quic.Kestrel", [Quic, Ngtcp2]),
        [Abstractions] = ("src/QuicChat.Abstractions", []),
        [Grains] = ("src/QuicChat.Grains", [Abstractions]),
        [Client] = ("src/QuicChat.Client", [Protocol, Quic, Ngtcp2]),
        [Cli] = ("src/QuicChat.Cli", [Protocol, Quic, Ngtcp2, Abstractions, Client]),
        [Store] = ("src/QuicChat.Store", []),
        [Gateway] = ("gateway", [Protocol, Quic, Ngtcp2, Kestrel, Abstractions]),
        [Silo] = ("silo", [Abstractions, Grains]),
    };

    public static TheoryData<string> ProjectNames => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void A_project_references_only_what_the_table_allows(string name)
    {
        var (path, allowed) = Table[name];
        var project = Repository.Projects.SingleOrDefault(project => project.Path == $"{path}/{name}.csproj");
        Assert.True(project is not null, $"The table names {path}/{name}.csproj, which does not exist.");

        foreach (var reference in project.ProjectReferences)
        {
            Assert.True(
                allowed.Contains(reference),
                $"{project.Path} references {reference}; it may reference {(allowed.Length == 0 ? "no project" : string.Join(", ", allowed))}.");
        }
    }

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void What_a_project_may_reference_brings_along_nothing_that_it_may_not(string name)
    {
        var allowed = Table[name].MayReference;

        foreach (var (through, brought) in allowed.SelectMany(reference => Table[reference].MayReference.Select(brought => (reference, brought))))
        {
            Assert.True(allowed.Contains(brought), $"By the table {name} may reference {through}, which brings along {brought}, which it may not.");
        }
    }

    [Fact]
    public void Every_project_outside_the_tests_is_in_the_table()
    {
        foreach (var project in Repository.Projects.Where(project => !project.IsTest))
        {
            Assert.True(Table.ContainsKey(project.Name), $"{project.Path} is not in the table of {nameof(ProjectReferenceTests)}; say there what it may reference.");
        }
    }

    [Fact]
    public void Only_the_ngtcp2_engine_allows_unsafe_code()
    {
        var allowing = Repository.Files("*.csproj").Concat(Repository.Files("*.props")).Concat(Repository.Files("*.targets"))
            .Where(file => File.ReadAllText(Repository.Absolute(file)).Contains("AllowUnsafeBlocks", StringComparison.OrdinalIgnoreCase));

        foreach (var file in allowing)
        {
            Assert.True(
                file == $"{Table[Ngtcp2].Path}/{Ngtcp2}.csproj" || file == $"tests/{Ngtcp2}.Tests/{Ngtcp2}.Tests.csproj"
                    || file is "tests/QuicChat.Fuzz/QuicChat.Fuzz.csproj" or "tests/QuicChat.Benchmarks/QuicChat.Benchmarks.csproj",
                $"{file} names AllowUnsafeBlocks; unsafe code lives in {Ngtcp2}, its own tests, the fuzzer and the benchmarks alone.");
        }
    }

    [Theory]
    [InlineData(Protocol)]
    [InlineData(Quic)]
    [InlineData(Ngtcp2)]
    [InlineData(Client)]
    public void Nothing_of_the_SDK_takes_the_AspNetCore_framework(string name)
    {
        var project = Repository.Projects.Single(project => project.Name == name);

        Assert.True(project.Sdk == "Microsoft.NET.Sdk", $"{project.Path} uses the SDK '{project.Sdk}'; a library for any process uses Microsoft.NET.Sdk.");
        Assert.True(
            project.FrameworkReferences.Count == 0,
            $"{project.Path} takes the framework {string.Join(", ", project.FrameworkReferences)}, which an application of the SDK would have to install.");
        foreach (var (package, framework) in project.FrameworkReferencesOfPackages())
        {
            Assert.Fail($"{name} gets {package}, which takes the framework {framework}; an application of the SDK would have to install it.");
        }
    }

    [Fact]
    public void The_SDK_knows_no_Orleans()
    {
        var client = Repository.Projects.Single(project => project.Name == Client);

        foreach (var package in client.ResolvedPackages())
        {
            Assert.False(package.Name.StartsWith("Microsoft.Orleans", StringComparison.OrdinalIgnoreCase), $"{Client} gets {package.Name}.");
        }
    }
}
