using System.Globalization;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The processes that a process has started, and those that these have, by the system's own list.</summary>
internal static class Descendants
{
    /// <summary>Those of a process, with the command line of each.</summary>
    public static IReadOnlyDictionary<int, string> Of(int process)
    {
        var parents = Directory.GetDirectories("/proc").Select(folder => Path.GetFileName(folder))
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
            .Select(name => int.Parse(name, CultureInfo.InvariantCulture))
            .Select(id => (Id: id, Parent: ParentOf(id)))
            .ToLookup(entry => entry.Parent, entry => entry.Id);
        var found = new Dictionary<int, string>();
        Add(process);
        return found;

        void Add(int parent)
        {
            foreach (var child in parents[parent])
            {
                found[child] = Read(child, "cmdline").Replace('\0', ' ');
                Add(child);
            }
        }
    }

    /// <summary>Whether a process is still the one that it was.</summary>
    public static bool IsRunning(int process, string commandLine) => Read(process, "cmdline").Replace('\0', ' ') == commandLine && commandLine.Length > 0;

    // The second word behind the name, which stands in parentheses and may hold anything.
    private static int ParentOf(int process)
        => Read(process, "stat") is { Length: > 0 } stat && stat[(stat.LastIndexOf(')') + 2)..].Split(' ') is [_, var parent, ..]
            ? int.Parse(parent, CultureInfo.InvariantCulture)
            : 0;

    // One that has ended meanwhile has nothing to read.
    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
