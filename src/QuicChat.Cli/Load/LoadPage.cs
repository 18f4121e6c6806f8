using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Load;

/// <summary>A result as one HTML file that needs nothing else.</summary>
internal static class LoadPage
{
    /// <summary>The file's name in its directory.</summary>
    public const string FileName = "load.html";

    // The default encoder also escapes what could end the script element that holds the data.
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web);

    /// <summary>Makes the directory, before there is anything to write.</summary>
    /// <exception cref="Verbs.ToolException">It cannot be made.</exception>
    public static void Prepare(string directory) => DataFolder.Access(directory, Directory.CreateDirectory);

    /// <summary>Writes the page.</summary>
    /// <param name="directory">Where; it must exist.</param>
    /// <param name="command">The command line that led to the result.</param>
    /// <param name="result">The result.</param>
    /// <returns>The file.</returns>
    /// <exception cref="Verbs.ToolException">It cannot be written.</exception>
    public static string Write(string directory, string command, LoadResult result)
    {
        var file = Path.Combine(directory, FileName);
        DataFolder.Access(file, path => File.WriteAllText(path, Render(command, result)));
        return file;
    }

    private static string Render(string command, LoadResult result)
        => Resource("report.html")
            .Replace("{{uplot.css}}", Resource("uPlot.min.css"), StringComparison.Ordinal)
            .Replace("{{uplot.js}}", Resource("uPlot.iife.min.js"), StringComparison.Ordinal)
            .Replace(
                "{{data}}",
                JsonSerializer.Serialize(new { command, machine = Machine(), faults = result.Faults(), result }, Shape),
                StringComparison.Ordinal);

    private static string Resource(string name)
    {
        using var stream = typeof(LoadPage).Assembly.GetManifestResourceStream($"load/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Machine()
    {
        const string ModelName = "model name";
        const string CpuInfo = "/proc/cpuinfo";
        var model = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith(ModelName, StringComparison.Ordinal))
            : null;
        var processor = model?[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} × {processor}, {memory:0} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC");
    }
}
