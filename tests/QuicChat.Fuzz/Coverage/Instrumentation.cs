using SharpFuzz;

namespace QuicChat.Fuzz.Coverage;

/// <summary>A copy of this program whose code tells which branches it takes.</summary>
internal static class Instrumentation
{
    /// <summary>Makes the copy.</summary>
    /// <param name="folder">Where; emptied before.</param>
    /// <returns>The program in it.</returns>
    public static string Copy(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var own = Path.GetFileNameWithoutExtension(typeof(Instrumentation).Assembly.Location);
        foreach (var assembly in Directory.EnumerateFiles(folder, "QuicChat.*.dll"))
        {
            // Of this program the canary alone: what drives the targets is none.
            var isOwn = Path.GetFileNameWithoutExtension(assembly) == own;
            Fuzzer.Instrument(assembly, type => !isOwn || type.EndsWith(nameof(Targets.CanaryTarget), StringComparison.Ordinal), Options.Value);
        }

        return Path.Combine(folder, own + ".dll");
    }
}
