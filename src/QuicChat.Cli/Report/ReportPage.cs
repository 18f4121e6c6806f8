using System.Reflection;
using System.Text.Json;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Certificates;

namespace QuicChat.Cli.Report;

/// <summary>
/// A result as one HTML file that needs nothing else. What all of them have is here: the frame, the styles, the plots' library and what is
/// asked of it; a report adds its own elements and its own script, and gets its data as <c>report</c>.
/// </summary>
/// <param name="Name">Of its two resources, <c>NAME.html</c> and <c>NAME.js</c>, and of the file.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Assembly">Whose resources they are.</param>
internal sealed record ReportPage(string Name, string Title, Assembly Assembly)
{
    // The default encoder also escapes what could end the script element that holds the data.
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web);

    /// <summary>The file's name in its directory.</summary>
    public string FileName => Name + ".html";

    /// <summary>Makes the directory, and checks that files can be written there, before there is anything to write.</summary>
    /// <exception cref="ToolException">It cannot be made, or they cannot.</exception>
    public static void Prepare(string directory) => Access(directory, () =>
    {
        Directory.CreateDirectory(directory);
        var probe = Path.Combine(directory, Path.GetRandomFileName());
        File.WriteAllBytes(probe, []);
        File.Delete(probe);
    });

    /// <summary>Writes the page.</summary>
    /// <param name="directory">Where; it must exist.</param>
    /// <param name="data">A JSON object, with <c>command</c>, <c>machine</c> and <c>at</c>.</param>
    /// <returns>The file.</returns>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public string Write(string directory, object data)
    {
        var file = Path.Combine(directory, FileName);
        Access(directory, () => File.WriteAllText(file, Render(data)));
        return file;
    }

    private static void Access(string directory, Action access)
    {
        try
        {
            access();
        }
        catch (Exception e) when (FileProblem.IsOne(e))
        {
            var problem = FileProblem.DescribeDirectory(directory, e);
            throw new ToolException($"the report cannot be written to '{directory}' ({problem}); choose another directory with --report DIR.", e);
        }
    }

    private string Render(object data)
    {
        var own = typeof(ReportPage).Assembly;
        (string Place, string Text)[] parts =
        [
            ("title", Title),
            ("uplot.css", Resource(own, "uPlot.min.css")),
            ("page.css", Resource(own, "page.css")),
            ("body", Resource(Assembly, Name + ".html")),
            ("uplot.js", Resource(own, "uPlot.iife.min.js")),
            ("page.js", Resource(own, "page.js")),
            ("script", Resource(Assembly, Name + ".js")),

            // The last one, for what stands there may be anything.
            ("data", JsonSerializer.Serialize(data, Shape)),
        ];
        return parts.Aggregate(
            Resource(own, "page.html"), (page, part) => page.Replace($"{{{{{part.Place}}}}}", part.Text, StringComparison.Ordinal));
    }

    private static string Resource(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream($"report/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
