using System.Runtime.InteropServices;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Cli.Report;

/// <summary>Where something was measured.</summary>
/// <param name="Processor">The model.</param>
/// <param name="Cores">How many of them this process may use.</param>
/// <param name="MemoryBytes">How much of the memory.</param>
/// <param name="System">The operating system.</param>
/// <param name="Kernel">Its kernel's version.</param>
/// <param name="Runtime">The .NET that runs this process.</param>
/// <param name="Ngtcp2">The version of libngtcp2; <see langword="null"/> where it is not installed.</param>
internal sealed record Machine(
    string Processor, int Cores, long MemoryBytes, string System, string Kernel, string Runtime, string? Ngtcp2)
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string ModelName = "model name";

    /// <summary>This one.</summary>
    public static Machine Current() => new(
        Model() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        RuntimeInformation.OSDescription,
        Environment.OSVersion.Version.ToString(),
        RuntimeInformation.FrameworkDescription,
        QuicEngine.Ngtcp2Version);

    private static string? Model()
        => File.Exists(CpuInfo)
            && File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith(ModelName, StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : null;
}
