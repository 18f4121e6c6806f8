namespace QuicChat.Benchmarks;

/// <summary>Programs that the system's packages bring.</summary>
internal static class SystemProgram
{
    /// <summary>Whether the system finds one by its name.</summary>
    public static bool IsInstalled(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, name)));
}
